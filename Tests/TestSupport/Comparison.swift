import Testing

/// How far two numbers may be apart: `|actual − expected| ≤ absolute + relative · |expected|`.
package struct Tolerance: Hashable, Sendable {
    package var relative: Double
    package var absolute: Double

    package init(relative: Double = 1e-5, absolute: Double = 1e-6) {
        self.relative = relative
        self.absolute = absolute
    }

    /// Equal numbers; NaN equals NaN, and −0 equals 0.
    package static let exact = Tolerance(relative: 0, absolute: 0)

    package func allows(_ actual: Double, _ expected: Double) -> Bool {
        if actual == expected || (actual.isNaN && expected.isNaN) { return true }
        guard actual.isFinite, expected.isFinite else { return false }
        return abs(actual - expected) <= absolute + relative * abs(expected)
    }
}

/// What is wrong with an array of numbers, in words; nil when nothing is.
///
/// The message names the count of wrong elements, the worst of them by its index (in the shape,
/// when one is given), and the largest absolute and relative errors.
package func mismatch(
    _ actual: [Double], _ expected: [Double], shape: [Int]? = nil, tolerance: Tolerance
) -> String? {
    guard actual.count == expected.count else {
        return "\(actual.count) values instead of \(expected.count)"
    }
    var wrongCount = 0
    var worst = (index: 0, excess: -Double.infinity)
    var (maxAbsolute, maxRelative) = (0.0, 0.0)
    for (index, (a, e)) in zip(actual, expected).enumerated() {
        let error = abs(a - e)
        if error.isFinite {
            maxAbsolute = max(maxAbsolute, error)
            if e != 0 { maxRelative = max(maxRelative, error / abs(e)) }
        }
        guard !tolerance.allows(a, e) else { continue }
        wrongCount += 1
        let excess =
            error.isFinite
            ? error / (tolerance.absolute + tolerance.relative * abs(e)) : Double.infinity
        if excess > worst.excess || wrongCount == 1 { worst = (index, excess) }
    }
    guard wrongCount > 0 else { return nil }
    let place = shape.map { coordinates(of: worst.index, in: $0) } ?? [worst.index]
    return """
        \(wrongCount) of \(actual.count) values differ; worst at \(place): \
        \(actual[worst.index]) instead of \(expected[worst.index]); max absolute error \
        \(maxAbsolute), max relative error \(maxRelative), allowed \
        \(tolerance.absolute) + \(tolerance.relative) · |expected|
        """
}

/// The coordinates of a row-major index.
package func coordinates(of index: Int, in shape: [Int]) -> [Int] {
    var rest = index
    var result: [Int] = []
    for size in shape.reversed() {
        result.append(size > 0 ? rest % size : 0)
        rest = size > 0 ? rest / size : 0
    }
    return result.reversed()
}

/// Records an issue when the numbers are not close, naming `what` was compared.
@discardableResult
package func expectClose<Number: BinaryFloatingPoint>(
    _ actual: [Number], _ expected: GoldenTensor, shape: [Int]? = nil,
    tolerance: Tolerance = Tolerance(), _ what: @autoclosure () -> String = "",
    sourceLocation: SourceLocation = #_sourceLocation
) -> Bool {
    if let shape, shape != expected.shape {
        return report(
            "shape \(shape) instead of \(expected.shape)", what(), sourceLocation)
    }
    let message = mismatch(
        actual.map { Double($0) }, expected.values, shape: expected.shape, tolerance: tolerance)
    return message.map { report($0, what(), sourceLocation) } ?? true
}

/// Records an issue when the numbers are not close, naming `what` was compared.
@discardableResult
package func expectClose<Number: BinaryFloatingPoint, Expected: BinaryFloatingPoint>(
    _ actual: [Number], _ expected: [Expected], shape: [Int]? = nil,
    tolerance: Tolerance = Tolerance(), _ what: @autoclosure () -> String = "",
    sourceLocation: SourceLocation = #_sourceLocation
) -> Bool {
    let message = mismatch(
        actual.map { Double($0) }, expected.map { Double($0) }, shape: shape, tolerance: tolerance)
    return message.map { report($0, what(), sourceLocation) } ?? true
}

/// Records an issue when two numbers are not close, naming `what` was compared.
@discardableResult
package func expectClose<Number: BinaryFloatingPoint, Expected: BinaryFloatingPoint>(
    _ actual: Number, _ expected: Expected, tolerance: Tolerance = Tolerance(),
    _ what: @autoclosure () -> String = "", sourceLocation: SourceLocation = #_sourceLocation
) -> Bool {
    let message = mismatch(
        [Double(actual)], [Double(expected)], shape: [], tolerance: tolerance)
    return message.map { report($0, what(), sourceLocation) } ?? true
}

private func report(_ message: String, _ what: String, _ sourceLocation: SourceLocation) -> Bool {
    let subject = what.isEmpty ? "" : "\(what): "
    let seed = RandomSeed.current.map { " (seed \($0))" } ?? ""
    Issue.record("\(subject)\(message)\(seed)", sourceLocation: sourceLocation)
    return false
}
