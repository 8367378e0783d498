import Foundation
import Martlet
import MartletJSON

/// The slowest kernels of a profile.
struct KernelTable {
    private static let shownCount = 20

    private let times: [KernelTime]
    private let total: Double

    init(_ profile: PlanProfile) {
        times = profile.kernelTimes
        total = times.reduce(0) { $0 + $1.milliseconds }
    }

    /// Every kernel, the slowest first.
    var json: JSONValue {
        .array(
            times.map { time in
                [
                    "kernel": .string(time.name), "step": .string(time.step),
                    "path": .string(time.path), "milliseconds": .number(time.milliseconds),
                    "flops": .number(time.operationCount),
                    "bytes": .number(time.byteCount),
                    "gflops": time.gigaflops.map { .number($0) } ?? .null,
                    "gigabytes_per_second": time.gigabytesPerSecond.map { .number($0) } ?? .null,
                ]
            })
    }

    /// Names, milliseconds of a step, per cent of all kernels, GFLOP/s, GB/s, layers.
    var text: String {
        let shown = times.prefix(Self.shownCount)
        let rows = [["kernel", "ms", "%", "GFLOP/s", "GB/s", "layer"]] + shown.map(row)
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        var lines = rows.map { row in
            row.indices.map { column in
                let space = String(repeating: " ", count: widths[column] - row[column].count)
                switch column {
                case 0: return row[column] + space
                case row.count - 1: return row[column]
                default: return space + row[column]
                }
            }.joined(separator: "  ")
        }
        let rest = times.dropFirst(Self.shownCount).reduce(0) { $0 + $1.milliseconds }
        if times.count > shown.count {
            lines.append("and \(times.count - shown.count) more, \(Self.number(rest, 3)) ms")
        }
        return lines.joined(separator: "\n")
    }

    private func row(_ time: KernelTime) -> [String] {
        [
            time.name, Self.number(time.milliseconds, 3),
            Self.number(total > 0 ? 100 * time.milliseconds / total : 0, 1),
            time.gigaflops.map { Self.number($0, 1) } ?? "–",
            time.gigabytesPerSecond.map { Self.number($0, 1) } ?? "–", time.path,
        ]
    }

    private static func number(_ value: Double, _ digits: Int) -> String {
        String(format: "%.\(digits)f", value)
    }
}
