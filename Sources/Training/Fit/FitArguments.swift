/// Which epochs end with a validation.
public enum ValidationFrequency: Hashable, Sendable, ExpressibleByIntegerLiteral,
    ExpressibleByArrayLiteral
{
    /// Every n-th epoch: n, 2n, ….
    case every(Int)
    /// These epochs, counted from 1 as they are printed.
    case epochs([Int])

    public init(integerLiteral value: Int) { self = .every(value) }
    public init(arrayLiteral elements: Int...) { self = .epochs(elements) }

    /// - Parameter epoch: from 0.
    func includes(epoch: Int) -> Bool {
        switch self {
        case .every(let count): (epoch + 1) % count == 0
        case .epochs(let epochs): epochs.contains(epoch + 1)
        }
    }
}

/// The arguments of `fit`, common to all kinds of data.
struct FitArguments {
    var batchSize = 32
    var epochs = 1
    var initialEpoch = 0
    var stepsPerEpoch: Int?
    var validationSteps: Int?
    var validationBatchSize: Int?
    var validationFrequency: ValidationFrequency = 1
    var classWeight: [Int: Float]?
    var callbacks: [any Callback] = []
    var verbosity: Verbosity = .automatic

    /// - Throws: `TrainingError` for the first argument that makes no sense.
    func validate() throws {
        func require(_ value: Int?, atLeast least: Int, _ name: String) throws {
            guard let value, value < least else { return }
            throw TrainingError("fit", "\(name) is \(value), expected \(least) or more")
        }
        for (value, name) in [
            (batchSize, "batchSize"), (validationBatchSize, "validationBatchSize"),
        ] {
            try require(value, atLeast: 1, name)
            if let value, value > Int(Int32.max) {
                throw TrainingError("fit", "\(name) is \(value), expected at most \(Int32.max)")
            }
        }
        try require(epochs, atLeast: 0, "epochs")
        try require(initialEpoch, atLeast: 0, "initialEpoch")
        try require(stepsPerEpoch, atLeast: 1, "stepsPerEpoch")
        try require(validationSteps, atLeast: 1, "validationSteps")
        if case .every(let count) = validationFrequency {
            try require(count, atLeast: 1, "validationFrequency")
        }
        for (label, weight) in (classWeight ?? [:]).sorted(by: { $0.key < $1.key })
        where !weight.isFinite {
            throw TrainingError(
                "fit", "the weight of class \(label) is \(weight), expected a finite number")
        }
    }
}

extension FitArguments {
    /// A batch holds no more examples than there are: no memory is planned for others.
    mutating func limitBatches(to training: Examples, _ validation: Examples? = nil) {
        if let validation {
            validationBatchSize = min(validationBatchSize ?? batchSize, max(validation.count, 1))
        }
        batchSize = min(batchSize, max(training.count, 1))
    }
}

/// The examples in two: the first to learn from, the last to validate on.
struct ValidationSplit {
    let training: Examples
    let validation: Examples

    /// - Throws: `TrainingError` where either part would be empty.
    init(_ examples: Examples, share: Double) throws {
        guard share > 0, share < 1 else {
            throw TrainingError(
                "fit", "validationSplit is \(share), expected a share between 0 and 1")
        }
        let count = examples.count
        let arrays =
            examples.inputs.map(\.values)
            + [examples.labels, examples.sampleWeight].compactMap { $0 }
        guard arrays.allSatisfy({ $0.rowCount == count }) else {
            let counts = arrays.map { String($0.rowCount) }.joined(separator: ", ")
            throw TrainingError(
                "data", "inputs, labels and weights differ in their numbers of examples: \(counts)")
        }
        let kept = Int((Double(count) * (1 - share)).rounded(.down))
        guard kept > 0, kept < count else {
            throw TrainingError(
                "fit",
                "validationSplit \(share) of \(count) examples leaves \(kept) to learn from and "
                    + "\(count - kept) to validate on; give more examples or another share")
        }
        training = examples.rows(0..<kept)
        validation = examples.rows(kept..<count)
    }
}
