import MartletIR
import MartletRuntime

extension StepCompiler {
    func compile(_ op: DotGeneral, _ step: PlanStep) throws -> CompiledStep {
        let product = try MatrixProduct(op, step)
        let output = try result(step)
        if let chunk = product.depthChunk {
            return try chunked(product, chunk: chunk, step, output)
        }
        var matmul = product.matmul()
        let right = rightOperand(product, step, &matmul)
        return CompiledStep([
            KernelCall(
                try matmul.lower(to: isa), [.value(step.operands[0]), right, .value(output)],
                parameters: product.parameters)
        ])
    }

    /// A product with bias and activation on the tile that is still in registers.
    func compile(_ op: BiasedProduct, _ step: PlanStep) throws -> CompiledStep {
        guard step.hasOnlyFloat32 else { throw NoKernel() }
        let product = try MatrixProduct(op.product, step)
        let saved = step.results[1]
        var matmul = product.matmul()
        let right = rightOperand(product, step, &matmul)
        matmul.epilogue = saved == nil ? [.bias] : [.save, .bias]
        if op.activation != .identity {
            matmul.epilogue.append(.activation(op.activation.kernelActivation))
        }
        var buffers: [KernelCall.Buffer] = [
            .value(step.operands[0]), right, .value(try result(step)),
        ]
        if let saved { buffers.append(.value(saved)) }
        buffers.append(.value(step.operands[2]))
        let function = try matmul.lower(to: isa)
        return CompiledStep([KernelCall(function, buffers, parameters: product.parameters)])
    }

    /// The right operand, in panels where it is a weight that can be packed ahead.
    private func rightOperand(
        _ product: MatrixProduct, _ step: PlanStep, _ matmul: inout Matmul
    ) -> KernelCall.Buffer {
        let value = step.operands[1]
        guard packableWeights.contains(value.buffer), matmul.batch.isEmpty,
            case .constant(let depth) = matmul.depth
        else { return .value(value) }
        let packing = PackPanels(columns: matmul.columns, depth: depth, layout: matmul.right)
        matmul.right = .packed
        return .packed(PackedWeight(buffer: value.buffer, packing: packing))
    }

    /// A weight's gradient: the sum over all tokens in fixed chunks, joined in a fixed tree.
    private func chunked(
        _ product: MatrixProduct, chunk: Int, _ step: PlanStep, _ output: PlanValue
    ) throws -> CompiledStep {
        var matmul = product.matmul()
        let size = product.rowCount * product.columns
        matmul.depthChunk = chunk
        matmul.chunkStride = size
        var compiled = CompiledStep([
            KernelCall(
                try matmul.lower(to: isa),
                [.value(step.operands[0]), .value(step.operands[1]), .scratch(byteOffset: 0)],
                parameters: product.parameters)
        ])
        let most = (product.depth.bound + chunk - 1) / chunk
        compiled.sharedScratchByteCount = most * size * MemoryLayout<Float>.stride
        let depth = product.depthDimension
        compiled.epilogue = { context in
            let actual = depth.evaluated { context.extents($0) } ?? 0
            return TreeSumPhase.phases(
                count: (actual + chunk - 1) / chunk, stride: size, offset: 0, length: size,
                into: context.floats(output), context)
        }
        return compiled
    }
}

/// Partial sums in shared scratch, added in a fixed tree.
enum TreeSumPhase {
    static func phases(
        count: Int, stride: Int, offset: Int, length: Int,
        into target: UnsafeMutablePointer<Float>, _ context: BindingContext
    ) -> [Phase] {
        let scratch = context.scratch
        let parts = Partition.elements(length)
        return [
            Phase(partCount: parts.count) { part, _ in
                let partials = scratch.sharedBase.assumingMemoryBound(to: Float.self) + offset
                TreeSum.combine(
                    partials, count: count, stride: stride, range: parts.range(part),
                    into: target)
            }
        ]
    }
}

/// A contraction seen as a matrix product with strides, where the axes allow it.
struct MatrixProduct {
    private(set) var parameters: [String: KernelCall.Parameter] = [:]
    let rows: Extent
    let columns: Int
    let depth: Extent
    let depthDimension: Dimension
    private let left: (row: Int, depth: Int)
    private let right: (depth: Int, column: Int)
    private let batch: [BatchAxis]

    var rowCount: Int { rows.bound }

    init(_ op: DotGeneral, _ step: PlanStep) throws {
        let (leftShape, rightShape) = (step.operands[0].type.shape, step.operands[1].type.shape)
        let leftRows = try AxisGroup(op.leftFree(rank: leftShape.rank), leftShape)
        let leftDepth = try AxisGroup(op.leftContracting, leftShape)
        let rightDepth = try AxisGroup(op.rightContracting, rightShape)
        let rightColumns = try AxisGroup(op.rightFree(rank: rightShape.rank), rightShape)
        guard let columns = rightColumns.extent.fixed, columns > 0,
            rightColumns.stride == 1 || rightDepth.stride == 1
        else { throw NoKernel() }
        self.columns = columns
        rows = try leftRows.extent.extent(named: "rows", &parameters)
        depth = try leftDepth.extent.extent(named: "depth", &parameters)
        depthDimension = leftDepth.extent
        left = (leftRows.stride, leftDepth.stride)
        right = (rightDepth.stride, rightColumns.stride)
        guard rows.bound > 0, depth.bound > 0 else { throw NoKernel() }
        var axes: [BatchAxis] = []
        var outputStride = leftRows.extent * Dimension(columns)
        for (index, (l, r)) in zip(op.leftBatch, op.rightBatch).enumerated().reversed() {
            guard let leftStride = leftShape.rowMajorStrides[l].fixed,
                let rightStride = rightShape.rowMajorStrides[r].fixed,
                let step = outputStride.fixed
            else { throw NoKernel() }
            let extent = try leftShape[l].extent(named: "batch\(index)", &parameters)
            axes.insert(
                BatchAxis(
                    extent, leftStride: leftStride, rightStride: rightStride, outputStride: step),
                at: 0)
            outputStride = outputStride * leftShape[l]
        }
        batch = axes
    }

    /// Steps of the contraction after which a sum is cut: only where rows and columns alone leave
    /// too little to share out.
    var depthChunk: Int? {
        guard batch.isEmpty, depth.bound >= 4096, rows.bound * columns <= 1 << 16 else {
            return nil
        }
        return max(1024, (depth.bound + 31) / 32)
    }

    func matmul() -> Matmul {
        Matmul(
            rows: rows, columns: columns, depth: depth, leftRowStride: left.row,
            leftDepthStride: left.depth,
            right: right.column == 1
                ? .rows(stride: right.depth) : .columns(stride: right.column),
            outputRowStride: columns, batch: batch)
    }
}

/// Axes walked as one: their product and the stride of the last.
private struct AxisGroup {
    let extent: Dimension
    let stride: Int

    init(_ axes: [Int], _ shape: Shape) throws {
        let moving = axes.filter { shape[$0] != 1 }
        let strides = shape.rowMajorStrides
        guard let last = moving.last else {
            (extent, stride) = (1, 1)
            return
        }
        guard let lastStride = strides[last].fixed else { throw NoKernel() }
        for (outer, inner) in zip(moving, moving.dropFirst()) {
            guard strides[outer] == strides[inner] * shape[inner] else { throw NoKernel() }
        }
        extent = moving.reduce(1) { $0 * shape[$1] }
        stride = lastStride
    }
}
