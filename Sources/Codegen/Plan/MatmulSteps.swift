import MartletIR
import MartletRuntime

extension StepCompiler {
    /// - Parameter adds: to what the result's buffer holds.
    func compile(
        _ op: DotGeneral, _ step: PlanStep, adds: Bool = false
    ) throws -> CompiledStep {
        let product = try MatrixProduct(op, step)
        // Products with an end of their own, or of bfloat16, are generated always.
        if op.operandPrecision == .full, let shape = product.costShape,
            costs.prefersLibrary(shape)
        {
            throw NoKernel()
        }
        let output = try result(step)
        if let chunk = product.depthChunk {
            guard !adds else { throw NoKernel() }
            return try chunked(product, op, chunk: chunk, step, output)
        }
        var operands = try operands(of: product, op.operandPrecision, step)
        operands.matmul.accumulates = adds
        let function = try operands.matmul.lower(to: isa)
        return operands.step(function, [.value(output)])
    }

    /// A product with bias and activation on the tile that is still in registers.
    func compile(_ op: BiasedProduct, _ step: PlanStep) throws -> CompiledStep {
        guard step.hasOnlyFloat32 else { throw NoKernel() }
        let product = try MatrixProduct(op.product, step)
        let saved = step.results[1]
        let operands = try operands(of: product, op.product.operandPrecision, step)
        var matmul = operands.matmul
        matmul.epilogue = saved == nil ? [.bias] : [.save, .bias]
        if op.activation != .identity {
            matmul.epilogue.append(.activation(op.activation.kernelActivation))
        }
        var buffers: [KernelCall.Buffer] = [.value(try result(step))]
        if let saved { buffers.append(.value(saved)) }
        buffers.append(.value(step.operands[2]))
        return operands.step(try matmul.lower(to: isa), buffers)
    }

    /// A weight's gradient: the sum over all tokens in fixed chunks, joined in a fixed tree.
    private func chunked(
        _ product: MatrixProduct, _ op: DotGeneral, chunk: Int, _ step: PlanStep,
        _ output: PlanValue
    ) throws -> CompiledStep {
        // Even, so that no bfloat16 pair is cut.
        let chunk = (chunk + 1) / 2 * 2
        let size = product.rowCount * product.columns
        let most = (product.depth.bound + chunk - 1) / chunk
        let operands = try operands(
            of: product, op.operandPrecision, step, packsWeights: false,
            scratchOffset: most * size * MemoryLayout<Float>.stride)
        var matmul = operands.matmul
        matmul.depthChunk = chunk
        matmul.chunkStride = size
        var compiled = operands.step(try matmul.lower(to: isa), [.scratch(byteOffset: 0)])
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
    let left: (row: Int, depth: Int)
    let right: (depth: Int, column: Int)
    let batch: [BatchAxis]

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

    /// Nil for a batch of products.
    var costShape: ProductShape? {
        guard batch.isEmpty else { return nil }
        return ProductShape(
            rows: rows.bound, columns: columns, depth: depth.bound,
            leftIsTransposed: left.depth != 1, rightIsTransposed: right.column != 1)
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
