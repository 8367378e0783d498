/// Dropout of a [rows, columns] tensor, part by part over rows.
package enum DropoutKernel {
    /// `y[r, c] = x[r, c] · factor(r, c)` for rows `firstRow ..< firstRow + rows`; the pointers stand
    /// at row `firstRow`. Forward and backward are this same routine. `y` may be `x`.
    package static func apply(
        _ mask: DropoutMask, firstRow: Int, rows: Int, columns: Int,
        x: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>
    ) {
        let pitch = DropoutMask.rowPitch(columns: columns)
        withUnsafeTemporaryAllocation(of: Float.self, capacity: 64) { buffer in
            guard let factors = buffer.baseAddress else { return }
            var reader = DropoutReader(mask: mask, factors: factors)
            for row in 0..<max(rows, 0) {
                let start = mask.position(ofRow: firstRow &+ row, pitch: pitch)
                var column = 0
                while column < columns {
                    let offset = row * columns + column
                    let take = reader.run(at: start &+ column, limit: columns &- column)
                    mapRange(x + offset, reader.current, y + offset, take) { $0 * $1 }
                    column &+= take
                }
            }
        }
    }
}

/// Walks positions in rising order and draws each superblock once, though several short rows may
/// share it.
package struct DropoutReader {
    package let mask: DropoutMask
    let factors: UnsafeMutablePointer<Float>
    /// Whether there is anything to drop; without a mask the reader must not be asked.
    package let isNeeded: Bool
    var held = UInt64.max
    /// The factors of the run last asked for.
    package private(set) var current: UnsafePointer<Float>

    /// `factors` is room for 64 Floats.
    package init(mask: DropoutMask?, factors: UnsafeMutablePointer<Float>) {
        self.mask = mask ?? DropoutMask(rate: 0, seed: 0, stream: 0, step: 0)
        isNeeded = mask != nil
        self.factors = factors
        current = UnsafePointer(factors)
    }

    /// How many of the `limit` positions from `position` on lie in one superblock; `current` then
    /// points at their factors.
    @inline(__always)
    package mutating func run(at position: Int, limit: Int) -> Int {
        let index = UInt64(truncatingIfNeeded: position &>> 6)
        if index != held {
            mask.superblock(index, into: factors)
            held = index
        }
        let inside = position & 63
        current = UnsafePointer(factors + inside)
        return min(64 &- inside, limit)
    }
}
