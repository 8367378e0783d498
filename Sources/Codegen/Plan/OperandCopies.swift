import MartletIR
import MartletRuntime

/// Copies of operands in a step's shared scratch, which calls before the step's own kernel make.
struct OperandCopies {
    private let isa: VectorISA
    private var calls: [KernelCall] = []
    private var scratchByteCount: Int

    /// - Parameter scratchOffset: bytes of shared scratch that are somebody else's.
    init(isa: VectorISA, scratchOffset: Int = 0) {
        self.isa = isa
        scratchByteCount = scratchOffset
    }

    /// Rounded to bfloat16 but still float32: what a processor without bfloat16 products multiplies.
    ///
    /// - Parameter scale: multiplies every element before it is rounded; nil for none.
    mutating func rounded(
        _ value: PlanValue, scale: Double? = nil
    ) throws -> KernelCall.Buffer {
        var parameters: [String: KernelCall.Parameter] = [:]
        let count = try value.type.shape.elementCount.extent(named: "count", &parameters)
        let copy = reserve(byteCount: count.bound * MemoryLayout<Float>.stride)
        calls.append(
            KernelCall(
                try RoundToBFloat16(count: count, scale: scale).lower(to: isa),
                [.value(value), copy], parameters: parameters))
        return copy
    }

    /// A product's right operand in panels.
    mutating func panels(
        _ value: PlanValue, of matmul: Matmul, _ parameters: [String: KernelCall.Parameter]
    ) throws -> KernelCall.Buffer {
        let packing = PackPanels(
            columns: matmul.columns, depth: matmul.depth, layout: matmul.right,
            element: matmul.element)
        let copy = reserve(
            byteCount: packing.packedCount(isa: isa) * MemoryLayout<Float>.stride)
        calls.append(
            KernelCall(
                try packing.lower(to: isa), [.value(value), copy], parameters: parameters))
        return copy
    }

    /// Kernels like whole cache lines.
    private mutating func reserve(byteCount: Int) -> KernelCall.Buffer {
        let start = (scratchByteCount + 63) / 64 * 64
        scratchByteCount = start + byteCount
        return .scratch(byteOffset: start)
    }

    /// The copies, and the kernel that reads them.
    func step(_ call: KernelCall) -> CompiledStep {
        var step = CompiledStep(calls + [call])
        step.sharedScratchByteCount = scratchByteCount
        return step
    }
}
