/// The dropout mask of a tensor as a function of (seed, stream, step, element), never stored.
///
/// Element (row r, column c) of a tensor whose last dimension is `columns` lies in group
/// `g = r·⌈columns/16⌉ + c/16`, lane `i = c mod 16`. Groups `4s … 4s+3` share superblock `s`: eight
/// Philox counters, `8s + i mod 8`; group `4s + w` takes word `w`, its low 16 bits for lanes 0–7 and
/// the high ones for lanes 8–15. An element is kept if its 16 bits are ≥ round(rate·2¹⁶), and then
/// scaled by 1/(1 − rate).
package struct DropoutMask {
    package static let groupColumns = 16
    package static let superblockColumns = 64

    private let builder: LoopBuilder
    private let isa: VectorISA
    private let philox: Philox
    private let step: Value
    private let threshold: Int
    private let scale: Double

    /// Takes the kernel's scalar arguments `seed`, `stream` and `step`.
    package init(rate: Double, builder: LoopBuilder, isa: VectorISA) {
        self.builder = builder
        self.isa = isa
        let key = Philox.key(
            seed: builder.parameter("seed"), stream: builder.parameter("stream"))
        philox = Philox(key: key, builder: builder)
        step = builder.parameter("step")
        threshold = Int((rate * 65536).rounded())
        scale = rate < 1 ? 1 / (1 - rate) : 0
    }

    /// Groups of one row.
    package static func groupCount(columns: Value) -> Value { (columns + (groupColumns - 1)) >> 4 }

    /// Elements a scratch array must have for `fill` of `groupCount` groups.
    package static func scratchCount(groupCount: Int) -> Int {
        (groupCount / 4 + 3) * superblockColumns
    }

    /// Writes the factors (0 or the scale) of `groupCount` groups to `scratch`, and gives the place
    /// of the first one.
    package func fill(_ scratch: Pointer, firstGroup: Value, groupCount: Value) -> Pointer {
        let first = firstGroup >> 2
        let end = (firstGroup + groupCount + 3) >> 2
        builder.loop(first, end, step: DropoutMask.superblocksPerTurn) { superblock in
            let place = scratch + (superblock - first) * DropoutMask.superblockColumns
            for (position, factor) in factors(superblock: superblock).enumerated() {
                (place + position * isa.lanes).store(factor)
            }
        }
        return scratch + (firstGroup & 3) * DropoutMask.groupColumns
    }

    /// Two superblocks are made side by side: their rounds hide each other's latency.
    private static let superblocksPerTurn = 2

    /// The factors of superblock `superblock` and the next, in order, as vectors of the target's
    /// width.
    private func factors(superblock: Value) -> [Value] {
        let words = philox.words(
            firstBlock: superblock * 8, step: step, lanes: 8 * DropoutMask.superblocksPerTurn
        ).map { $0.convert(.truncate, .int32) }
        return (0..<DropoutMask.superblocksPerTurn).flatMap { block in
            words.flatMap { word in
                vectors(word & 0xFFFF, word >> 16, firstLane: 8 * block).map { bits in
                    let isKept = Value.compare(.greaterOrEqual, bits, bits.like(threshold))
                    return isKept.select(builder.constant(Float(scale)), 0.0)
                }
            }
        }
    }

    /// Sixteen lanes, eight from `low` and eight from `high`, in vectors of the target's width.
    private func vectors(_ low: Value, _ high: Value, firstLane: Int) -> [Value] {
        let lanes = (0..<16).map { lane in
            firstLane + lane % 8 + (lane < 8 ? 0 : low.type.lanes)
        }
        return stride(from: 0, to: 16, by: isa.lanes).map { first in
            low.shuffle(high, Array(lanes[first..<first + isa.lanes]))
        }
    }
}
