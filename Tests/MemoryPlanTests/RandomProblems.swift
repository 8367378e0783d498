import MartletMemoryPlan
import TestSupport

extension MemoryProblem {
    /// Buffers of all sizes, lifetimes and alignments, about a third of which share.
    static func random(bufferCount: Int, seed: UInt64) throws -> MemoryProblem {
        var random = SplitMix64(seed: seed)
        let stepCount = max(bufferCount / 2, 4)
        var buffers: [MemoryBuffer] = []
        for index in 0..<bufferCount {
            let firstUse = Int.random(in: 0..<stepCount, using: &random)
            let length = Int.random(
                in: 0...(random.next() % 4 == 0 ? stepCount : 4), using: &random)
            var buffer = MemoryBuffer(
                name: "b\(index)",
                byteCount: Int.random(
                    in: 0...(random.next() % 5 == 0 ? 9000 : 300), using: &random),
                firstUse: firstUse, lastUse: firstUse + length,
                alignmentByteCount: 1 << Int.random(in: 0...7, using: &random))
            if let earlier = buffers.indices.randomElement(using: &random) {
                buffer.share(with: earlier, of: buffers, kind: random.next() % 8)
            }
            buffers.append(buffer)
        }
        return try MemoryProblem(buffers: buffers)
    }

    /// A rectangle cut into pieces at random: the optimal arena is full in every step.
    static func cutRectangle(
        stepCount: Int, byteCount: Int, pieceCount: Int, seed: UInt64
    ) throws -> MemoryProblem {
        var random = SplitMix64(seed: seed)
        var pieces = [(steps: 0..<stepCount, bytes: 0..<byteCount)]
        while pieces.count < pieceCount {
            let piece = pieces.remove(at: Int.random(in: pieces.indices, using: &random))
            if random.next() % 2 == 0, piece.steps.count > 1 {
                let cut = Int.random(in: piece.steps.dropFirst(), using: &random)
                pieces.append((piece.steps.lowerBound..<cut, piece.bytes))
                pieces.append((cut..<piece.steps.upperBound, piece.bytes))
            } else if piece.bytes.count > 1 {
                let cut = Int.random(in: piece.bytes.dropFirst(), using: &random)
                pieces.append((piece.steps, piece.bytes.lowerBound..<cut))
                pieces.append((piece.steps, cut..<piece.bytes.upperBound))
            } else {
                pieces.append(piece)
            }
        }
        return try MemoryProblem(
            buffers: pieces.enumerated().map { index, piece in
                MemoryBuffer(
                    name: "piece\(index)", byteCount: piece.bytes.count,
                    firstUse: piece.steps.lowerBound, lastUse: piece.steps.upperBound - 1,
                    alignmentByteCount: 1)
            })
    }
}

extension MemoryBuffer {
    /// Shares as compilers ask for it: in place from the step that reads the other one last, or as
    /// a view.
    fileprivate mutating func share(with other: Int, of buffers: [MemoryBuffer], kind: UInt64) {
        switch kind {
        case 0, 1:
            let length = lastUse - firstUse
            firstUse = buffers[other].lastUse
            lastUse = firstUse + length
            if kind == 0 { byteCount = buffers[other].byteCount }
            sharing = .may([other])
        case 2:
            sharing = .must(other)
        case 3:
            sharing = .may([other])
        default:
            break
        }
    }
}
