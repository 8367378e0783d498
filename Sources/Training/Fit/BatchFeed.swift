/// Where batches come from: arrays in memory, from which rows are taken in place, or a dataset
/// that is read in the background.
struct BatchFeed {
    enum Source {
        case array(PreparedBatch, batchSize: Int, shuffleSeed: UInt64?)
        case dataset(Dataset<PreparedBatch>)
    }

    /// Rows of an array.
    struct Batch {
        var data: PreparedBatch
        var rows: Range<Int>
        var order: [Int]?
    }

    private let source: Source
    /// Whether passes go on over the ends of epochs, as with `stepsPerEpoch`.
    private let isContinuous: Bool
    private var pass: Int
    private var position = 0
    private var order: [Int]?
    private var iterator: Dataset<PreparedBatch>.Iterator?
    private var isInPass = false

    /// - Parameter firstPass: the number of the first pass, which decides shuffling.
    init(_ source: Source, isContinuous: Bool, firstPass: Int) {
        self.source = source
        self.isContinuous = isContinuous
        pass = firstPass
    }

    /// Batches in one pass where that is known.
    var batchCount: Int? {
        switch source {
        case .array(let data, let batchSize, _):
            data.rowCount / batchSize + (data.rowCount % batchSize == 0 ? 0 : 1)
        case .dataset(let dataset): dataset.count
        }
    }

    /// Begins an epoch: a new pass, or where the last one stopped.
    mutating func beginEpoch() {
        guard !isContinuous || !isInPass else { return }
        isInPass = true
        position = 0
        switch source {
        case .array(let data, _, let seed):
            if let seed { order = RowOrder.shuffled(data.rowCount, seed: seed, pass: pass) }
        case .dataset(let dataset): iterator = dataset.epoch(pass).makeAsyncIterator()
        }
        pass += 1
    }

    /// The next batch; nil at the end of the pass.
    mutating func next() async throws -> Batch? {
        switch source {
        case .array(let data, let batchSize, _):
            guard position < data.rowCount else {
                isInPass = false
                return nil
            }
            let rows = position..<min(position + batchSize, data.rowCount)
            position = rows.upperBound
            return Batch(data: data, rows: rows, order: order)
        case .dataset:
            guard let data = try await iterator?.next() else {
                isInPass = false
                return nil
            }
            return Batch(data: data, rows: 0..<data.rowCount, order: nil)
        }
    }
}

/// The order of rows in a pass.
enum RowOrder {
    /// Fisher–Yates from the identity, so that a pass depends on seed and number alone.
    static func shuffled(_ count: Int, seed: UInt64, pass: Int) -> [Int] {
        var order = Array(0..<count)
        var random = ShuffleRandom(seed: seed, epoch: UInt64(bitPattern: Int64(pass)))
        for last in order.indices.dropFirst().reversed() {
            order.swapAt(last, random.index(below: last + 1))
        }
        return order
    }
}

extension BatchFeed {
    /// Batches of a set in memory. Strings are encoded in the background, batch by batch.
    static func source(
        _ examples: Examples, gate: InputGate, batchSize: Int, shuffleSeed: UInt64?
    ) throws -> Source {
        let checked = try gate.check(examples)
        guard !gate.signature.stages.isEmpty else {
            return .array(checked, batchSize: batchSize, shuffleSeed: shuffleSeed)
        }
        let rowCount = checked.rowCount
        let batchCount = rowCount / batchSize + (rowCount % batchSize == 0 ? 0 : 1)
        let batches = Dataset<PreparedBatch>(count: batchCount) { pass in
            let number = Int(Int64(bitPattern: pass))
            let order =
                shuffleSeed.map { RowOrder.shuffled(rowCount, seed: $0, pass: number) }
                ?? Array(0..<rowCount)
            var position = 0
            return {
                guard position < rowCount else { return nil }
                let end = min(position + batchSize, rowCount)
                defer { position = end }
                return checked.rows(order[position..<end])
            }
        }
        return .dataset(try batches.map(parallelism: 2) { try gate.encode($0) }.prefetched(2))
    }

    /// Batches of a dataset, checked and encoded in the background.
    static func source(_ batches: Dataset<Examples>, gate: InputGate) throws -> Source {
        .dataset(try batches.map(parallelism: 2) { try gate.prepare($0) }.prefetched(2))
    }
}

extension PreparedBatch {
    func rows(_ order: ArraySlice<Int>) -> PreparedBatch {
        PreparedBatch(
            rowCount: order.count, inputs: inputs.map { $0.rows(order) },
            labels: labels?.rows(order), sampleWeight: sampleWeight?.rows(order))
    }
}
