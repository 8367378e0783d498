import MartletIR
import MartletRuntime

/// A weight that matrix products read as packed panels: packed when it has changed, not whenever it
/// is read.
struct PackedWeight: Hashable {
    var buffer: Int
    var packing: PackPanels
}

extension Plan {
    /// Bytes of weights up to which a plan that updates them keeps packed copies.
    private static let largestPackedByteCount = 64 << 20

    /// The buffers of parameters that are worth packing: all that only matrix products read as
    /// their right operand; in a plan that updates parameters only if they are small, as the
    /// copies, made anew at each step, take memory.
    package var packableWeights: Set<Int> {
        let fixed = Set(
            inputs.filter { $0.input.role == .parameter || $0.input.role == .constant }
                .map(\.buffer))
        let read = steps.compactMap { step -> Int? in
            switch step.work {
            case .op(.dotGeneral), .product: step.operands[1].buffer
            default: nil
            }
        }
        let weights = fixed.intersection(read)
        let byteCount = weights.reduce(0) { $0 + buffers[$1].byteCount }
        return updatedInputs.isEmpty || byteCount <= Self.largestPackedByteCount ? weights : []
    }
}
