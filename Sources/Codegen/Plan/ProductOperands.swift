import MartletIR
import MartletRuntime

/// What a matrix product reads: the step's operands themselves or, at a lower precision, copies in
/// scratch that calls before it make.
struct ProductOperands {
    var matmul: Matmul
    fileprivate var left: KernelCall.Buffer
    fileprivate var right: KernelCall.Buffer
    fileprivate var parameters: [String: KernelCall.Parameter]
    fileprivate var copies: OperandCopies

    /// The conversions and the product.
    func step(_ function: LoopFunction, _ others: [KernelCall.Buffer]) -> CompiledStep {
        let call = KernelCall(function, [left, right] + others, parameters: parameters)
        return copies.step(call)
    }
}

extension StepCompiler {
    /// - Parameters:
    ///   - packsWeights: whether the right operand may be read from panels packed ahead.
    ///   - scratchOffset: bytes of shared scratch that are somebody else's.
    func operands(
        of product: MatrixProduct, _ precision: DotGeneral.OperandPrecision, _ step: PlanStep,
        packsWeights: Bool = true, scratchOffset: Int = 0
    ) throws -> ProductOperands {
        var operands = ProductOperands(
            matmul: product.matmul(), left: .value(step.operands[0]),
            right: .value(step.operands[1]), parameters: product.parameters,
            copies: OperandCopies(isa: isa, scratchOffset: scratchOffset))
        switch precision {
        case .full:
            if packsWeights,
                let packed = packedWeight(product, step.operands[1], operands.matmul.right)
            {
                operands.right = .packed(packed)
                operands.matmul.right = .packed
            } else if packsWeights, product.batch.isEmpty, operands.matmul.copiesLeft(isa: isa) {
                // The same panels for every block of rows.
                operands.right = try operands.copies.panels(
                    step.operands[1], of: operands.matmul, operands.parameters)
                operands.matmul.right = .packed
            }
        case .bf16:
            if isa.hasBFloat16Dot, product.left.depth == 1 || product.left.row == 1 {
                pair(product, step, packsWeights: packsWeights, &operands)
            } else {
                operands.left = try operands.copies.rounded(step.operands[0])
                operands.right = try operands.copies.rounded(step.operands[1])
            }
        }
        return operands
    }

    /// The right operand in panels, if it is a weight that can be packed ahead.
    private func packedWeight(
        _ product: MatrixProduct, _ value: PlanValue, _ layout: RightLayout,
        element: MatrixElement = .float32
    ) -> PackedWeight? {
        guard packableWeights.contains(value.buffer), product.batch.isEmpty,
            case .constant(let depth) = product.depth
        else { return nil }
        let packing = PackPanels(
            columns: product.columns, depth: .constant(depth), layout: layout, element: element)
        return PackedWeight(buffer: value.buffer, packing: packing)
    }

    /// Operands as bfloat16 pairs, made where they are packed.
    private func pair(
        _ product: MatrixProduct, _ step: PlanStep, packsWeights: Bool,
        _ operands: inout ProductOperands
    ) {
        operands.matmul.element = .bfloat16
        if packsWeights,
            let packed = packedWeight(
                product, step.operands[1], operands.matmul.right, element: .bfloat16)
        {
            operands.right = .packed(packed)
            operands.matmul.right = .packed
        }
    }
}
