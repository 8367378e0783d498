import MartletJSON

/// Any bytes are refused or parsed, and what was parsed reads back the same when written.
func check(_ bytes: [UInt8]) {
    guard let value = try? JSONValue(parsing: bytes) else { return }
    precondition((try? JSONValue(parsing: value.serialized())) == value, "does not read back")
}
