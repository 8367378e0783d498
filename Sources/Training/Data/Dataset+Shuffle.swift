extension Dataset {
    /// The elements in random order, drawn from a buffer of `bufferSize` that is refilled from
    /// the elements in their order, as in `tf.data`. The order is uniform if the buffer holds
    /// all elements.
    ///
    /// - Parameters:
    ///   - seed: equal seeds give equal orders, on any machine.
    ///   - reshuffleEachIteration: whether each pass has an order of its own, given by `seed`
    ///     and the pass's number.
    /// - Throws: ``DatasetError`` if `bufferSize` is not positive.
    public func shuffled(
        bufferSize: Int, seed: UInt64, reshuffleEachIteration: Bool = true
    ) throws(DatasetError) -> Dataset {
        try DatasetError.require(bufferSize, atLeast: 1, "the shuffle buffer size")
        let start = start
        return Dataset(count: count) { epoch in
            let pull = start(epoch)
            var random = ShuffleRandom(seed: seed, epoch: reshuffleEachIteration ? epoch : 0)
            var buffer: [Element] = []
            var isFinished = false
            return {
                while !isFinished, buffer.count < bufferSize {
                    if let element = try await pull() {
                        buffer.append(element)
                    } else {
                        isFinished = true
                    }
                }
                guard !buffer.isEmpty else { return nil }
                buffer.swapAt(random.index(below: buffer.count), buffer.count - 1)
                return buffer.removeLast()
            }
        }
    }
}

/// Random indices from a counter and a key: SplitMix64 (Steele, Lea, Flood 2014,
/// doi:10.1145/2714064.2660195), whose state is a counter.
struct ShuffleRandom {
    private static let step: UInt64 = 0x9E37_79B9_7F4A_7C15
    private var state: UInt64

    init(seed: UInt64, epoch: UInt64) {
        state = Self.mix(Self.mix(seed &+ Self.step) &+ epoch &* Self.step)
    }

    /// Uniform in `0..<bound` without the bias of a remainder (Lemire 2019, arXiv 1805.10941).
    /// `bound` is positive.
    mutating func index(below bound: Int) -> Int {
        let bound = UInt64(bound)
        var product = next().multipliedFullWidth(by: bound)
        if product.low < bound {
            let unfair = (0 &- bound) % bound
            while product.low < unfair { product = next().multipliedFullWidth(by: bound) }
        }
        return Int(product.high)
    }

    private mutating func next() -> UInt64 {
        state &+= Self.step
        return Self.mix(state)
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        var value = value
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
