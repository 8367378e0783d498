/// Why a stage of a ``Dataset`` was refused.
public struct DatasetError: Error, Hashable, Sendable, CustomStringConvertible {
    public let message: String

    init(_ message: String) { self.message = message }

    public var description: String { "dataset: " + message }

    static func require(
        _ value: Int, atLeast least: Int, _ name: String
    ) throws(DatasetError) {
        guard value >= least else {
            throw DatasetError("\(name) is \(value), expected \(least) or more")
        }
    }
}
