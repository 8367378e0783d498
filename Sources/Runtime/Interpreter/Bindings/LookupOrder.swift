import MartletIR

/// The positions of an `embedding_adam_update` that look up each row of its table, by a counting
/// sort into shared scratch: `starts[r] ..< starts[r + 1]` are those of row r in `positions`, in
/// ascending order.
package struct LookupOrder {
    /// Makes the order anew; runs before the steps that read it.
    package let phase: Phase
    private let scratch: Scratch
    private let rowCount: Int

    /// Reserves the scratch. Nil for ids that are no 32- or 64-bit integers, and for more positions
    /// than are numbered with 32 bits.
    package init?(_ step: PlanStep, _ context: BindingContext) {
        let ids = step.operands[1]
        guard let rowCount = step.operands[0].type.shape[0].fixed,
            let bound = ids.type.shape.elementCount.bound,
            Self.isNumbered(rowCount: rowCount, idCount: bound)
        else { return nil }
        let count = context.elementCount(ids)
        let scratch = context.scratch
        scratch.reserveShared(byteCount: Self.byteCount(rowCount: rowCount, idCount: bound))
        switch ids.type.dtype {
        case .i32:
            let ids = context.pointer(ids, as: Int32.self)
            phase = Phase(partCount: 1) { _, _ in
                Self.sort(ids, count: count, rowCount: rowCount, into: scratch.sharedBase)
            }
        case .i64:
            let ids = context.pointer(ids, as: Int64.self)
            phase = Phase(partCount: 1) { _, _ in
                Self.sort(ids, count: count, rowCount: rowCount, into: scratch.sharedBase)
            }
        default: return nil
        }
        self.scratch = scratch
        self.rowCount = rowCount
    }

    /// Whether rows and positions have numbers of 32 bits.
    package static func isNumbered(rowCount: Int, idCount: Int) -> Bool {
        max(rowCount, idCount) < Int(Int32.max) - 1
    }

    /// Where, in the shared scratch, the positions come after the starts.
    package static func positionsByteOffset(rowCount: Int) -> Int {
        (rowCount + 2) * MemoryLayout<Int32>.stride
    }

    package static func byteCount(rowCount: Int, idCount: Int) -> Int {
        positionsByteOffset(rowCount: rowCount) + idCount * MemoryLayout<Int32>.stride
    }

    func positions(of row: Int) -> UnsafeBufferPointer<Int32> {
        let starts = scratch.sharedBase.assumingMemoryBound(to: Int32.self)
        let positions = starts + (rowCount + 2)
        let (first, end) = (Int(starts[row]), Int(starts[row + 1]))
        return UnsafeBufferPointer(start: positions + first, count: end - first)
    }

    /// Ids outside the table belong to no row: the look-up of the same ids has reported them.
    private static func sort<Index: FixedWidthInteger>(
        _ ids: UnsafePointer<Index>, count: Int, rowCount: Int,
        into base: UnsafeMutableRawPointer
    ) {
        let starts = base.assumingMemoryBound(to: Int32.self)
        let positions = starts + (rowCount + 2)
        starts.update(repeating: 0, count: rowCount + 2)
        func row(_ position: Int) -> Int? {
            let id = Int(truncatingIfNeeded: ids[position])
            return UInt(bitPattern: id) < UInt(bitPattern: rowCount) ? id : nil
        }
        // Counted two places further on, so that each place moves on to its row's end as the
        // positions are filled in.
        for position in 0..<count {
            if let row = row(position) { starts[row + 2] += 1 }
        }
        for index in 0..<rowCount { starts[index + 2] += starts[index + 1] }
        for position in 0..<count {
            guard let row = row(position) else { continue }
            positions[Int(starts[row + 1])] = Int32(truncatingIfNeeded: position)
            starts[row + 1] += 1
        }
    }
}
