/// A buffer as messages show it: its name and its index in the problem.
public struct BufferReference: Hashable, Sendable, CustomStringConvertible {
    public let name: String
    public let index: Int

    init(_ buffer: MemoryBuffer, at index: Int) {
        self.name = buffer.name
        self.index = index
    }

    public var description: String { "\"\(name)\" (buffer \(index))" }
}

/// Why a memory problem, a plan or a file of one is refused.
public enum MemoryPlanError: Error, Hashable, Sendable, CustomStringConvertible {
    case negativeByteCount(BufferReference, Int)
    case badLifetime(BufferReference, firstUse: Int, lastUse: Int)
    case badAlignment(BufferReference, Int)
    case badSharing(BufferReference, other: Int, bufferCount: Int)
    case circularSharing(BufferReference, BufferReference)
    case sizeOverflow(BufferReference)
    case exceedsLimit(
        peakByteCount: Int, limitByteCount: Int, busiestStep: Int, lowerBoundByteCount: Int,
        largest: [String])
    case wrongOffsetCount(offsets: Int, buffers: Int)
    case misplaced(BufferReference, offset: Int, byteCount: Int, peakByteCount: Int)
    case misaligned(BufferReference, offset: Int, alignmentByteCount: Int)
    case separated(BufferReference, offset: Int, from: BufferReference, otherOffset: Int)
    case overlap(
        BufferReference, bytes: Range<Int>, BufferReference, otherBytes: Range<Int>, step: Int)
    case badFile(line: Int, reason: String)

    public var description: String { "memory plan: " + reason }

    private var reason: String {
        switch self {
        case .negativeByteCount(let buffer, let byteCount):
            "\(buffer) has \(byteCount) bytes; a size must be 0 or more"
        case .badLifetime(let buffer, let firstUse, let lastUse):
            "\(buffer) is used from step \(firstUse) to step \(lastUse); "
                + "steps count from 0 to less than \(Int.max), the first use is not after the last"
        case .badAlignment(let buffer, let alignment):
            "\(buffer) has an alignment of \(alignment) bytes; it must be a power of two"
        case .badSharing(let buffer, let other, let bufferCount):
            "\(buffer) shares with buffer \(other); "
                + "it must be another one of 0..<\(bufferCount)"
        case .circularSharing(let buffer, let other):
            "\(buffer) must share with \(other) in a circle; "
                + "one buffer of a chain must own its bytes"
        case .sizeOverflow(let buffer):
            "the sizes up to \(buffer) add up to more than \(Int.max) bytes; "
                + "check its shape, or make the batch or the sequence smaller"
        case .exceedsLimit(let peak, let limit, let step, let lowerBound, let largest):
            "the arena needs \(peak) bytes and the limit is \(limit); "
                + "at step \(step) the live buffers alone need \(lowerBound), the largest are "
                + largest.joined(separator: ", ")
                + "; raise the limit, or make the batch or the sequence smaller"
        case .wrongOffsetCount(let offsets, let buffers):
            "\(offsets) offsets for \(buffers) buffers; there must be one for each"
        case .misplaced(let buffer, let offset, let byteCount, let peak):
            "\(buffer) takes \(byteCount) bytes at offset \(offset); "
                + "the arena has bytes 0..<\(peak)"
        case .misaligned(let buffer, let offset, let alignment):
            "\(buffer) is at offset \(offset), not a multiple of its alignment \(alignment)"
        case .separated(let buffer, let offset, let other, let otherOffset):
            "\(buffer) is at offset \(offset) and \(other) at \(otherOffset); "
                + "the former must be in place of the latter"
        case .overlap(let buffer, let bytes, let other, let otherBytes, let step):
            "\(buffer) at bytes \(bytes) and \(other) at bytes \(otherBytes) "
                + "are both live at step \(step) and overlap"
        case .badFile(let line, let reason):
            "line \(line): \(reason)"
        }
    }
}
