/// Numbers or strings in memory: what a model is given and what it gives back.
///
/// ```swift
/// let x = try DataArray([0, 1, 1, 0], shape: [2, 2])
/// let y = DataArray([Int32(3), 1])                      // shape [2]
/// let texts = DataArray(["good news", "bad news"])
/// ```
public struct DataArray: Sendable, Hashable {
    public enum Elements: Sendable, Hashable {
        case floats([Float])
        case int32s([Int32])
        case strings([String])

        public var count: Int {
            switch self {
            case .floats(let values): values.count
            case .int32s(let values): values.count
            case .strings(let values): values.count
            }
        }
    }

    /// The first axis counts the examples.
    public let shape: [Int]
    /// Row-major.
    public let elements: Elements

    /// - Throws: `TrainingError` where the elements do not fill the shape.
    public init(_ elements: Elements, shape: [Int]) throws(TrainingError) {
        var count = 1
        for extent in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            guard extent >= 0, !overflow else {
                throw TrainingError("array", "the shape \(shape) has no size")
            }
            count = product
        }
        guard elements.count == count else {
            throw TrainingError(
                "array",
                "\(elements.count) elements do not fill the shape \(shape), which needs \(count)")
        }
        self.init(unchecked: elements, shape: shape)
    }

    init(unchecked elements: Elements, shape: [Int]) {
        self.elements = elements
        self.shape = shape
    }

    public init(_ values: [Float], shape: [Int]) throws(TrainingError) {
        try self.init(.floats(values), shape: shape)
    }

    public init(_ values: [Int32], shape: [Int]) throws(TrainingError) {
        try self.init(.int32s(values), shape: shape)
    }

    public init(_ values: [Float]) { self.init(unchecked: .floats(values), shape: [values.count]) }

    public init(_ values: [Int32]) { self.init(unchecked: .int32s(values), shape: [values.count]) }

    public init(_ values: [String]) {
        self.init(unchecked: .strings(values), shape: [values.count])
    }

    /// One row for each array.
    ///
    /// - Throws: `TrainingError` where the rows differ in length.
    public init(rows: [[Float]]) throws(TrainingError) {
        try Self.checkRows(rows)
        self.init(
            unchecked: .floats(rows.flatMap(\.self)), shape: [rows.count, rows.first?.count ?? 0])
    }

    /// One row for each array.
    ///
    /// - Throws: `TrainingError` where the rows differ in length.
    public init(rows: [[Int32]]) throws(TrainingError) {
        try Self.checkRows(rows)
        self.init(
            unchecked: .int32s(rows.flatMap(\.self)), shape: [rows.count, rows.first?.count ?? 0])
    }

    private static func checkRows<Element>(_ rows: [[Element]]) throws(TrainingError) {
        let width = rows.first?.count ?? 0
        if let row = rows.firstIndex(where: { $0.count != width }) {
            throw TrainingError(
                "array",
                "row \(row) has \(rows[row].count) elements, row 0 has \(width); "
                    + "pad or cut the rows to one length")
        }
    }

    /// The number of examples; 0 for a scalar.
    public var rowCount: Int { shape.first ?? 0 }

    /// Elements of one example.
    public var rowElementCount: Int { shape.dropFirst().reduce(1, *) }

    /// The elements as floats; empty for strings.
    public var floats: [Float] {
        switch elements {
        case .floats(let values): values
        case .int32s(let values): values.map(Float.init)
        case .strings: []
        }
    }

    public var strings: [String]? {
        if case .strings(let values) = elements { values } else { nil }
    }

    /// Examples `range`, which must lie within the rows.
    func rows(_ range: Range<Int>) -> DataArray {
        let width = rowElementCount
        let part = (range.lowerBound * width)..<(range.upperBound * width)
        let elements: Elements =
            switch elements {
            case .floats(let values): .floats(Array(values[part]))
            case .int32s(let values): .int32s(Array(values[part]))
            case .strings(let values): .strings(Array(values[part]))
            }
        return DataArray(unchecked: elements, shape: [range.count] + shape.dropFirst())
    }

    /// Examples by their numbers, in that order.
    func rows(_ order: some Sequence<Int>) -> DataArray {
        let width = rowElementCount
        var rowCount = 0
        func gathered<Element>(_ values: [Element]) -> [Element] {
            var result: [Element] = []
            for row in order {
                result += values[(row * width)..<((row + 1) * width)]
                rowCount += 1
            }
            return result
        }
        let elements: Elements =
            switch elements {
            case .floats(let values): .floats(gathered(values))
            case .int32s(let values): .int32s(gathered(values))
            case .strings(let values): .strings(gathered(values))
            }
        return DataArray(unchecked: elements, shape: [rowCount] + shape.dropFirst())
    }

    /// `f32[32, 10]`, `string[32]`.
    var typeDescription: String {
        let name =
            switch elements {
            case .floats: "f32"
            case .int32s: "i32"
            case .strings: "string"
            }
        return name + "\(shape)"
    }
}
