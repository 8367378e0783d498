/// Why memory for a plan or its parameters could not be had.
public enum MemoryError: Error, Equatable, CustomStringConvertible {
    /// More is needed than there is; nothing was allocated.
    case exceedsLimit(what: String, byteCount: Int, limit: MemoryLimit, remedy: String)
    /// The system refused.
    case refused(what: String, byteCount: Int, code: Int32)
    case negativeByteCount(what: String, byteCount: Int)

    public static let defaultRemedy =
        "lower the batch size or the sequence length, or allow more memory"

    public var description: String {
        switch self {
        case .exceedsLimit(let what, let byteCount, let limit, let remedy):
            "\(what): the peak is \(Self.text(byteCount)), but \(limit.source) leaves "
                + "\(Self.text(limit.byteCount)); \(remedy)"
        case .refused(let what, let byteCount, let code):
            "\(what): the system refused \(Self.text(byteCount)) of memory "
                + "(\(SystemLimits.message(errorCode: code))); \(Self.defaultRemedy)"
        case .negativeByteCount(let what, let byteCount):
            "\(what): \(byteCount) bytes asked for; a size is at least 0"
        }
    }

    /// "512 bytes", "3.5 MB", "12.0 GB", with 1 MB = 10⁶ bytes.
    static func text(_ byteCount: Int) -> String {
        for (unit, size) in [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)]
        where byteCount >= size {
            let tenths = byteCount / (size / 10)
            return "\(tenths / 10).\(tenths % 10) \(unit)"
        }
        return "\(byteCount) bytes"
    }
}
