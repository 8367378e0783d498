/// Buffers that want a place in one arena. A problem knows nothing of graphs, and every problem
/// that exists is sound: `init` is the gate.
public struct MemoryProblem: Hashable, Sendable {
    public let buffers: [MemoryBuffer]
    /// What the buffers take when each has its own bytes: the sum of their sizes.
    public let naiveByteCount: Int

    /// - Throws: `MemoryPlanError` naming the first buffer that is not sound: negative size, step
    ///   or alignment, a last use before the first, sharing with a buffer that does not exist or
    ///   with itself in a circle, or sizes whose sum does not fit an `Int`.
    public init(buffers: [MemoryBuffer]) throws {
        // With this sum inside Int, no offset computed later can overflow.
        var reserved = 0
        var naive = 0
        for (index, buffer) in buffers.enumerated() {
            try Self.check(buffer, at: index, count: buffers.count)
            let padding = buffer.alignmentByteCount - 1
            let (padded, overflowed) = buffer.byteCount.addingReportingOverflow(padding)
            let (sum, overflowedSum) = reserved.addingReportingOverflow(padded)
            guard !overflowed, !overflowedSum else {
                throw MemoryPlanError.sizeOverflow(BufferReference(buffer, at: index))
            }
            reserved = sum
            naive += buffer.byteCount
        }
        self.buffers = buffers
        self.naiveByteCount = naive
        try checkChains()
    }

    private static func check(_ buffer: MemoryBuffer, at index: Int, count: Int) throws {
        let reference = BufferReference(buffer, at: index)
        guard buffer.byteCount >= 0 else {
            throw MemoryPlanError.negativeByteCount(reference, buffer.byteCount)
        }
        guard 0 <= buffer.firstUse, buffer.firstUse <= buffer.lastUse, buffer.lastUse < .max else {
            throw MemoryPlanError.badLifetime(
                reference, firstUse: buffer.firstUse, lastUse: buffer.lastUse)
        }
        let alignment = buffer.alignmentByteCount
        guard alignment > 0, alignment & (alignment - 1) == 0 else {
            throw MemoryPlanError.badAlignment(reference, alignment)
        }
        let others: [Int] =
            switch buffer.sharing {
            case .own: []
            case .may(let others): others
            case .must(let other): [other]
            }
        for other in others where !(0..<count).contains(other) || other == index {
            throw MemoryPlanError.badSharing(reference, other: other, bufferCount: count)
        }
    }

    /// A chain of `.must` has to end at a buffer that owns its bytes.
    private func checkChains() throws {
        var isKnownToEnd = [Bool](repeating: false, count: buffers.count)
        for start in buffers.indices where !isKnownToEnd[start] {
            var chain = [start]
            var isInChain: Set = [start]
            while let last = chain.last, !isKnownToEnd[last],
                case .must(let next) = buffers[last].sharing
            {
                guard isInChain.insert(next).inserted else {
                    throw MemoryPlanError.circularSharing(
                        BufferReference(buffers[last], at: last),
                        BufferReference(buffers[next], at: next))
                }
                chain.append(next)
            }
            for index in chain { isKnownToEnd[index] = true }
        }
    }
}
