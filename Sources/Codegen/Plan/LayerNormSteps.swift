import MartletIR
import MartletRuntime

extension StepCompiler {
    func compile(_ op: LayerNorm, _ step: PlanStep) throws -> CompiledStep {
        let operand = op.layout(step.operands)
        guard let scale = operand.scale, let offset = operand.offset else { throw NoKernel() }
        let shape = operand.x.type.shape
        let columns = try shape.fixedProduct(ofLast: 1)
        var parameters: [String: KernelCall.Parameter] = [:]
        let rows = try shape.product(dropping: 1).extent(named: "rows", &parameters)
        var kernel = LayerNormalization(
            rows: rows, columns: columns, epsilon: op.epsilon, hasResidual: op.hasResidual,
            dropoutRate: op.rate, hasSelectedRows: op.rows.isSelected)
        kernel.hasRowIndices = operand.rowIndices != nil
        dropoutParameters(
            op.rate, op.stream, op.rows, operand.seed, operand.step, &parameters)
        parameters["firstRow"] = .first(perEntry: shape.rowsPerEntry)
        var buffers: [KernelCall.Buffer] = [.value(operand.x)]
        if let residual = operand.residual { buffers.append(.value(residual)) }
        buffers += [.value(scale), .value(offset), .value(try result(step))]
        let saves = step.results.dropFirst().contains { $0 != nil }
        if saves {
            // Without a residual the sum is x itself, which the kernel may write over itself.
            let sum = op.hasResidual ? try result(step, 3) : operand.x
            buffers += try [
                .value(sum), .value(result(step, 1)), .value(result(step, 2)),
            ]
        }
        if let indices = operand.rowIndices { buffers.append(.value(indices)) }
        let function = try kernel.lowerForward(to: isa, savesForBackward: saves)
        return CompiledStep([KernelCall(function, buffers, parameters: parameters)])
    }

    func compile(_ op: LayerNormGradient, _ step: PlanStep) throws -> CompiledStep {
        guard op.hasScale, op.hasOffset else { throw NoKernel() }
        let shape = step.operands[1].type.shape
        let columns = try shape.fixedProduct(ofLast: 1)
        var parameters: [String: KernelCall.Parameter] = [:]
        let rowDimension = shape.product(dropping: 1)
        let rows = try rowDimension.extent(named: "rows", &parameters)
        let kernel = LayerNormalization(rows: rows, columns: columns)
        let (dsum, dscale, doffset) = try (result(step), result(step, 1), result(step, 2))
        var compiled = CompiledStep([
            KernelCall(
                try kernel.lowerBackward(to: isa),
                step.operands.map { .value($0) } + [.value(dsum), .scratch(byteOffset: 0)],
                parameters: parameters)
        ])
        compiled.sharedScratchByteCount =
            kernel.partialCount(rows: rows.bound) * 2 * columns * MemoryLayout<Float>.stride
        compiled.epilogue = { context in
            let actual = rowDimension.evaluated { context.extents($0) } ?? 0
            let count = kernel.partialCount(rows: actual)
            return [(dscale, 0), (doffset, columns)].flatMap { target, offset in
                TreeSumPhase.phases(
                    count: count, stride: 2 * columns, offset: offset, length: columns,
                    into: context.floats(target), context)
            }
        }
        return compiled
    }

    /// The scalar arguments of a kernel with dropout.
    func dropoutParameters(
        _ rate: Double, _ stream: Int, _ rows: RandomRows, _ seed: PlanValue?,
        _ step: PlanValue?, _ parameters: inout [String: KernelCall.Parameter]
    ) {
        guard rate > 0, let seed, let step else { return }
        parameters["seed"] = .scalar(seed)
        parameters["step"] = .scalar(step)
        parameters["stream"] = .constant(stream)
        guard rows.isSelected else { return }
        parameters["rowStride"] = .extent(rows.stride)
        parameters["rowOffset"] = .constant(rows.offset)
    }
}

extension RandomRows {
    /// Whether a kernel needs stride and offset of the rows.
    var isSelected: Bool { self != .all && !isIndexed }
}
