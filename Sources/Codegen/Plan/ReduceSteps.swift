import MartletIR
import MartletRuntime

extension StepCompiler {
    /// Sums over any axes; long ones with few results in fixed chunks.
    func compile(_ op: Reduce, _ step: PlanStep) throws -> CompiledStep {
        let output = try result(step)
        guard output.type.dtype == .f32, op.kind == .sum else { throw NoKernel() }
        let groups = ReducedGroups(op, step.operands[0].type.shape)
        if let chunked = try chunked(groups, step, output) { return chunked }
        var parameters: [String: KernelCall.Parameter] = [:]
        func extent(_ dimension: Dimension) throws -> Extent {
            let name = "extent" + dimension.description.filter { $0 != " " }
            return try dimension.extent(named: name, &parameters)
        }
        var e = Expression()
        let x = e.operand(0)
        let reduced = groups.axes.indices.filter { groups.axes[$0].isReduced }
        let kernel = ElementwiseCluster(
            shape: try groups.axes.map { try extent($0.extent) },
            operands: [ClusterOperand(strides: try groups.axes.map { try extent($0.stride) })],
            expression: e,
            results: [
                ClusterResult(x, strides: try groups.axes.map { try extent($0.resultStride) })
            ],
            reduction: reduced.isEmpty ? nil : .sum, reducedAxes: Set(reduced))
        return try single(kernel, into: output, step, parameters)
    }

    /// A step that is one call of a kernel of all its operands.
    func single(
        _ kernel: ElementwiseCluster, into output: PlanValue, _ step: PlanStep,
        _ parameters: [String: KernelCall.Parameter]
    ) throws -> CompiledStep {
        CompiledStep([
            KernelCall(
                try kernel.lower(to: isa), step.operands.map { .value($0) } + [.value(output)],
                parameters: parameters)
        ])
    }

    /// Leading axes summed, the others (of a size known now) kept; nil where one part will do.
    private func chunked(
        _ groups: ReducedGroups, _ step: PlanStep, _ output: PlanValue
    ) throws -> CompiledStep? {
        guard let first = groups.axes.first, first.isReduced, groups.axes.count <= 2,
            let inner = groups.axes.count == 2 ? groups.axes[1].extent.fixed : 1
        else { return nil }
        var parameters: [String: KernelCall.Parameter] = [:]
        let depth = try first.extent.extent(named: "depth", &parameters)
        guard depth.bound >= 1024, depth.bound * inner >= 1 << 14 else { return nil }
        let chunk = max(256, (depth.bound + 63) / 64)
        var e = Expression()
        let x = e.operand(0)
        let isColumns = groups.axes.count == 2
        let kernel = ElementwiseCluster(
            shape: isColumns ? [depth, .constant(inner)] : [depth],
            operands: [ClusterOperand(strides: isColumns ? [inner, 1] : [1])],
            expression: e, results: [ClusterResult(x, strides: isColumns ? [0, 1] : [0])],
            reduction: .sum, reducedAxes: [0])
        return try chunked(
            kernel, by: chunk, of: first.extent, length: inner, into: output, step, parameters)
    }

    /// A kernel that sums over its first axis, of extent `depth`, chunk by chunk, and after it the
    /// tree over the chunks' sums.
    ///
    /// - Parameter length: elements of the result.
    func chunked(
        _ kernel: ElementwiseCluster, by chunk: Int, of depth: Dimension, length: Int = 1,
        into output: PlanValue, _ step: PlanStep, _ parameters: [String: KernelCall.Parameter]
    ) throws -> CompiledStep {
        var kernel = kernel
        kernel.reductionChunk = chunk
        kernel.chunkStride = length
        var compiled = CompiledStep([
            KernelCall(
                try kernel.lower(to: isa),
                step.operands.map { .value($0) } + [.scratch(byteOffset: 0)],
                parameters: parameters)
        ])
        let most = (kernel.shape[0].bound + chunk - 1) / chunk
        compiled.sharedScratchByteCount = most * length * MemoryLayout<Float>.stride
        compiled.epilogue = { context in
            let actual = depth.evaluated { context.extents($0) } ?? 0
            return TreeSumPhase.phases(
                count: (actual + chunk - 1) / chunk, stride: length, offset: 0, length: length,
                into: context.floats(output), context)
        }
        return compiled
    }
}

/// The axes of a reduction, neighbours of one kind taken together: they lie evenly in memory.
private struct ReducedGroups {
    struct Axis {
        var extent: Dimension
        var isReduced: Bool
        var stride: Dimension = 1
        var resultStride: Dimension = 0
    }

    private(set) var axes: [Axis] = []

    init(_ op: Reduce, _ shape: Shape) {
        for axis in 0..<shape.rank where shape[axis] != 1 {
            let isReduced = op.axes.contains(axis)
            if axes.last?.isReduced == isReduced {
                axes[axes.count - 1].extent = axes[axes.count - 1].extent * shape[axis]
            } else {
                axes.append(Axis(extent: shape[axis], isReduced: isReduced))
            }
        }
        var (stride, resultStride): (Dimension, Dimension) = (1, 1)
        for index in axes.indices.reversed() {
            axes[index].stride = stride
            stride = stride * axes[index].extent
            if axes[index].isReduced { continue }
            axes[index].resultStride = resultStride
            resultStride = resultStride * axes[index].extent
        }
    }
}
