import Foundation

/// Numbers in the forms of Python's format strings, whatever the locale.
enum NumberFormat {
    /// `%.4f`
    static func fixed(_ value: Double, digits: Int) -> String {
        String(format: "%.\(digits)f", value)
    }

    /// As Keras's progress bar prints metrics: `0.3125`, `9.1000e-04`.
    static func metric(_ value: Double) -> String {
        abs(value) > 1e-3 ? fixed(value, digits: 4) : String(format: "%.4e", value)
    }

    /// `%.0f`, rounding to even.
    static func whole(_ value: Double) -> String { fixed(value, digits: 0) }

    /// ` 2s/step`, ` 12ms/step`, ` 350us/step`.
    static func perStep(_ seconds: Double) -> String {
        if seconds >= 1 || seconds == 0 { return " \(whole(seconds))s/step" }
        if seconds >= 1e-3 { return " \(whole(seconds * 1e3))ms/step" }
        return " \(whole(seconds * 1e6))us/step"
    }

    /// `4s`, `1:05`, `1:00:05`.
    static func remaining(_ seconds: Double) -> String {
        let whole = Int(max(0, min(seconds, 1e9)))
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        if seconds > 3600 { return "\(whole / 3600):\(two(whole % 3600 / 60)):\(two(whole % 60))" }
        if seconds > 60 { return "\(whole / 60):\(two(whole % 60))" }
        return "\(whole)s"
    }
}
