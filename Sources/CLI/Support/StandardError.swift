import Foundation

/// Where messages and progress go, so that standard output holds results only.
enum StandardError {
    static func print(_ line: String) {
        FileHandle.standardError.write(Data((line + "\n").utf8))
    }
}
