import MartletIR
import MartletRuntime

/// What a matrix product reads: the step's operands themselves or, at a lower precision, copies in
/// scratch that calls before it make.
struct ProductOperands {
    var matmul: Matmul
    fileprivate var left: KernelCall.Buffer
    fileprivate var right: KernelCall.Buffer
    fileprivate var parameters: [String: KernelCall.Parameter]
    fileprivate var conversions: [KernelCall] = []
    fileprivate var scratchByteCount: Int

    /// The conversions and the product.
    func step(_ function: LoopFunction, _ others: [KernelCall.Buffer]) -> CompiledStep {
        let call = KernelCall(function, [left, right] + others, parameters: parameters)
        var step = CompiledStep(conversions + [call])
        step.sharedScratchByteCount = scratchByteCount
        return step
    }

    /// Bytes of scratch after those taken already; kernels like whole cache lines.
    fileprivate mutating func reserve(byteCount: Int) -> KernelCall.Buffer {
        let start = (scratchByteCount + 63) / 64 * 64
        scratchByteCount = start + byteCount
        return .scratch(byteOffset: start)
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
            scratchByteCount: scratchOffset)
        switch precision {
        case .full:
            if packsWeights,
                let packed = packedWeight(product, step.operands[1], operands.matmul.right)
            {
                operands.right = .packed(packed)
                operands.matmul.right = .packed
            }
        case .bf16:
            if isa.hasBFloat16Dot, product.left.depth == 1 || product.left.row == 1 {
                pair(product, step, packsWeights: packsWeights, &operands)
            } else {
                operands.left = try rounded(step.operands[0], &operands)
                operands.right = try rounded(step.operands[1], &operands)
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
            columns: product.columns, depth: depth, layout: layout, element: element)
        return PackedWeight(buffer: value.buffer, packing: packing)
    }

    /// A copy of a tensor, rounded to bfloat16 but still float32: what a processor without bfloat16
    /// products multiplies.
    private func rounded(
        _ value: PlanValue, _ operands: inout ProductOperands
    ) throws -> KernelCall.Buffer {
        var parameters: [String: KernelCall.Parameter] = [:]
        let count = try value.type.shape.elementCount.extent(named: "count", &parameters)
        let copy = operands.reserve(byteCount: count.bound * MemoryLayout<Float>.stride)
        operands.conversions.append(
            KernelCall(
                try RoundToBFloat16(count: count).lower(to: isa), [.value(value), copy],
                parameters: parameters))
        return copy
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
