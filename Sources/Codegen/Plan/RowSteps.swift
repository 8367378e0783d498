import MartletIR
import MartletRuntime

extension BiasActivation.Activation {
    /// The same function among the kernels'.
    var kernelActivation: Activation {
        switch self {
        case .identity: .linear
        case .relu: .relu
        case .tanh: .tanh
        case .logistic: .sigmoid
        case .silu: .silu
        case .gelu: .gelu
        case .geluApproximate: .geluTanh
        }
    }
}

extension StepCompiler {
    func compile(_ op: MartletIR.Dropout, _ step: PlanStep) throws -> CompiledStep {
        let output = try result(step)
        let columns = try output.type.shape.fixedProduct(ofLast: min(1, output.type.rank))
        var parameters: [String: KernelCall.Parameter] = [:]
        let rows = try output.type.shape.product(dropping: 1).extent(named: "rows", &parameters)
        guard op.rate > 0 else { throw NoKernel() }
        dropoutParameters(
            op.rate, op.stream, op.rows, step.operands[1], step.operands[2], &parameters)
        parameters["firstRow"] = .first(perEntry: output.type.shape.rowsPerEntry)
        var kernel = Dropout(
            rows: rows, columns: columns, rate: op.rate, hasSelectedRows: op.rows.isSelected)
        kernel.hasRowIndices = op.rows.isIndexed
        let function = try kernel.lower(to: isa)
        let values = [step.operands[0], output] + step.operands.dropFirst(3)
        return CompiledStep([
            KernelCall(function, values.map { .value($0) }, parameters: parameters)
        ])
    }

    func compile(_ op: BiasActivation, _ step: PlanStep) throws -> CompiledStep {
        let output = try result(step)
        let bias = step.operands[1].type.rank
        var e = Expression()
        let sum = e.binary(.add, e.operand(0), e.operand(1))
        let y = e.append(.activation(op.activation.kernelActivation, sum))
        return try rows(
            output.type.shape, columnAxes: bias, e, y, operands: step.operands,
            strides: [.whole, .column], output)
    }

    func compile(_ op: BiasActivationGradient, _ step: PlanStep) throws -> CompiledStep {
        let output = try result(step)
        let bias = step.operands.count > 2 ? step.operands[2].type.rank : 1
        var e = Expression()
        var saved = e.operand(1)
        if step.operands.count > 2 { saved = e.binary(.add, saved, e.operand(2)) }
        let slope = e.append(.activationDerivative(op.activation.kernelActivation, saved))
        let dx = e.binary(.multiply, e.operand(0), slope)
        return try rows(
            output.type.shape, columnAxes: bias, e, dx, operands: step.operands,
            strides: [.whole, .whole, .column], output)
    }

    private enum RowStride { case whole, column }

    /// A cluster over `[rows, columns]`.
    private func rows(
        _ shape: Shape, columnAxes: Int, _ expression: Expression, _ node: Int,
        operands: [PlanValue], strides: [RowStride], _ output: PlanValue
    ) throws -> CompiledStep {
        let columns = try shape.fixedProduct(ofLast: columnAxes)
        var parameters: [String: KernelCall.Parameter] = [:]
        let rows = try shape.product(dropping: columnAxes).extent(named: "rows", &parameters)
        let cluster = ElementwiseCluster(
            shape: [rows, .constant(columns)],
            operands: zip(operands, strides).map { _, stride in
                ClusterOperand(strides: stride == .whole ? [columns, 1] : [0, 1])
            },
            expression: expression, results: [ClusterResult(node, strides: [columns, 1])])
        return CompiledStep([
            KernelCall(
                try cluster.lower(to: isa),
                operands.map { .value($0) } + [.value(output)], parameters: parameters)
        ])
    }
}
