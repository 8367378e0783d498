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
            if isa.hasBFloat16Dot, let paired = PairedProduct(product) {
                try pair(paired, step, packsWeights: packsWeights, &operands)
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

    /// Copies of both operands as bfloat16 pairs.
    private func pair(
        _ paired: PairedProduct, _ step: PlanStep, packsWeights: Bool,
        _ operands: inout ProductOperands
    ) throws {
        let product = paired.product
        func convert(_ side: PairedProduct.Side, _ value: PlanValue) throws -> KernelCall.Buffer {
            let function: LoopFunction
            let units = MatrixElement.bfloat16.units(product.depth.bound)
            switch side {
            case .alongDepth(let rows):
                function = try ConvertToBFloat16(rows: rows, columns: product.depth.bound)
                    .lower(to: isa)
            case .acrossDepth:
                function = try PairRowsToBFloat16(depth: product.depth, columns: side.count)
                    .lower(to: isa)
            }
            let byteCount = side.count * units * MemoryLayout<Int32>.stride
            let copy = operands.reserve(byteCount: byteCount)
            operands.conversions.append(
                KernelCall(function, [.value(value), copy], parameters: product.parameters))
            return copy
        }
        operands.matmul = paired.matmul
        operands.left = try convert(paired.left, step.operands[0])
        let layout = product.matmul().right
        if packsWeights,
            let packed = packedWeight(product, step.operands[1], layout, element: .bfloat16)
        {
            operands.right = .packed(packed)
            operands.matmul.right = .packed
        } else {
            operands.right = try convert(paired.right, step.operands[1])
        }
        if case .parameter = product.depth {
            operands.parameters[PairedProduct.depthName] = .pairs(product.depthDimension)
        }
    }
}

/// A product whose operands lie such that pairs along the depth are made row by row.
private struct PairedProduct {
    /// How an operand lies in memory, without gaps.
    enum Side {
        /// `[rows, depth]`
        case alongDepth(rows: Extent)
        /// `[depth, columns]`
        case acrossDepth(columns: Int)

        var count: Int {
            switch self {
            case .alongDepth(let rows): rows.bound
            case .acrossDepth(let columns): columns
            }
        }
    }

    static let depthName = "pairs"

    let product: MatrixProduct
    let left: Side
    let right: Side

    /// Nil for batches, and for strides that leave gaps.
    init?(_ product: MatrixProduct) {
        guard product.batch.isEmpty,
            let left = Self.side(
                product.rows, product.depth, stride: product.left.row, depth: product.left.depth),
            let right = Self.side(
                .constant(product.columns), product.depth, stride: product.right.column,
                depth: product.right.depth)
        else { return nil }
        (self.product, self.left, self.right) = (product, left, right)
    }

    private static func side(
        _ count: Extent, _ depth: Extent, stride: Int, depth depthStride: Int
    ) -> Side? {
        if depthStride == 1, case .constant(let depth) = depth, stride == depth {
            return .alongDepth(rows: count)
        }
        if stride == 1, case .constant(let count) = count, depthStride == count {
            return .acrossDepth(columns: count)
        }
        return nil
    }

    /// The product over pairs.
    var matmul: Matmul {
        let bound = MatrixElement.bfloat16.units(product.depth.bound)
        var matmul = product.matmul()
        matmul.element = .bfloat16Pairs
        switch product.depth {
        case .constant: matmul.depth = .constant(bound)
        case .parameter: matmul.depth = .parameter(Self.depthName, atMost: bound)
        }
        switch left {
        case .alongDepth: (matmul.leftRowStride, matmul.leftDepthStride) = (bound, 1)
        case .acrossDepth(let rows): (matmul.leftRowStride, matmul.leftDepthStride) = (1, rows)
        }
        switch right {
        case .alongDepth: matmul.right = .columns(stride: bound)
        case .acrossDepth(let columns): matmul.right = .rows(stride: columns)
        }
        return matmul
    }
}
