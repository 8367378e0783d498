import MartletIR

/// The masks of one head as upper limits on scores: a shown key may score up to +∞, a hidden one no
/// more than `fill`. Taking the minimum is one instruction, and leaves nothing not-a-number.
struct ScoreLimits {
    /// The logit of a hidden key (`Attention.maskedLogit` of the IR): e to it is 0 beside any
    /// ordinary score. It also is the log-sum-exp that marks a row of hidden keys alone.
    static let fill = Float(Attention.maskedLogit)

    let shape: AttentionShape
    let operands: AttentionOperands
    /// `pitch` limits from the key mask alone; −∞ past the last key.
    let shared: UnsafeMutablePointer<Float>
    /// `pitch` limits of the row at hand.
    let ofRow: UnsafeMutablePointer<Float>
    let varyByRow: Bool
    let isNeeded: Bool

    init(
        _ shape: AttentionShape, _ operands: AttentionOperands,
        scratch: UnsafeMutablePointer<Float>
    ) {
        self.shape = shape
        self.operands = operands
        shared = scratch
        ofRow = scratch + shape.pitch
        varyByRow = shape.isCausal || operands.mask != nil || operands.queryMask != nil
        isNeeded = varyByRow || operands.keyMask != nil
        for key in 0..<shape.keys {
            let isShown = operands.keyMask.map { $0[key] != 0 } ?? true
            shared[key] = isShown ? .infinity : ScoreLimits.fill
        }
        for column in shape.keys..<shape.pitch { shared[column] = -.infinity }
    }

    /// How many leading keys the rows before `endRow` can see, where that is known beforehand.
    func visibleKeys(endRow: Int) -> Int {
        let onlyCausal =
            shape.isCausal && shape.causalOffset >= 0 && operands.mask == nil
            && operands.queryMask == nil && operands.keyMask == nil
        guard onlyCausal, shape.causalOffset < shape.keys else { return shape.keys }
        return min(shape.keys, endRow + shape.causalOffset)
    }

    /// The limits of one query row.
    func limits(query: Int) -> UnsafePointer<Float> {
        guard varyByRow else { return UnsafePointer(shared) }
        let fill = ScoreLimits.fill
        if let queryMask = operands.queryMask, queryMask[query] == 0 {
            ofRow.update(repeating: fill, count: shape.keys)
        } else {
            ofRow.update(from: shared, count: shape.keys)
            if let mask = operands.mask {
                let row = mask + query * operands.maskStride
                for key in 0..<shape.keys where row[key] == 0 { ofRow[key] = fill }
            }
            if shape.isCausal, shape.causalOffset < shape.keys {
                let shown = max(0, min(shape.keys, query + shape.causalOffset + 1))
                (ofRow + shown).update(repeating: fill, count: shape.keys - shown)
            }
        }
        for column in shape.keys..<shape.pitch { ofRow[column] = -.infinity }
        return UnsafePointer(ofRow)
    }
}
