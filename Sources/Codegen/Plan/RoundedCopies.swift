import MartletIR
import MartletRuntime

/// Copies of tensors in a step's shared scratch, rounded to bfloat16 but still float32: what a
/// processor without bfloat16 products multiplies.
struct RoundedCopies {
    private let isa: VectorISA
    private var calls: [KernelCall] = []
    private var scratchByteCount: Int

    /// - Parameter scratchOffset: bytes of shared scratch that are somebody else's.
    init(isa: VectorISA, scratchOffset: Int = 0) {
        self.isa = isa
        scratchByteCount = scratchOffset
    }

    /// - Parameter scale: multiplies every element before it is rounded; nil for none.
    mutating func copy(_ value: PlanValue, scale: Double? = nil) throws -> KernelCall.Buffer {
        var parameters: [String: KernelCall.Parameter] = [:]
        let count = try value.type.shape.elementCount.extent(named: "count", &parameters)
        // Kernels like whole cache lines.
        let start = (scratchByteCount + 63) / 64 * 64
        scratchByteCount = start + count.bound * MemoryLayout<Float>.stride
        let copy = KernelCall.Buffer.scratch(byteOffset: start)
        calls.append(
            KernelCall(
                try RoundToBFloat16(count: count, scale: scale).lower(to: isa),
                [.value(value), copy], parameters: parameters))
        return copy
    }

    /// The copies, and the kernel that reads them.
    func step(_ call: KernelCall) -> CompiledStep {
        var step = CompiledStep(calls + [call])
        step.sharedScratchByteCount = scratchByteCount
        return step
    }
}
