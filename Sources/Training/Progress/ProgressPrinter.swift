import Foundation

/// Prints how training goes, in the look of Keras 3: a bar that is drawn again and again, or a line
/// for each epoch.
package struct ProgressPrinter: Callback {
    package enum Style: Sendable {
        case bar
        case lines
    }

    /// Characters of the bar.
    private static let width = 20
    /// The bar is drawn again after this time at the earliest.
    private static let minimumInterval = 0.05

    private let style: Style
    private let write: @Sendable (String) -> Void
    private let now: @Sendable () -> Double
    private var start = 0.0
    private var firstStepEnd = 0.0
    private var lastDraw = -Double.infinity
    private var batchCount = 0
    private var lastWidth = 0

    /// - Parameters:
    ///   - write: where the text goes.
    ///   - now: a clock that never goes backwards, in seconds.
    package init(
        _ style: Style, write: @escaping @Sendable (String) -> Void = StandardOutput.write,
        now: @escaping @Sendable () -> Double = { ProcessInfo.processInfo.systemUptime }
    ) {
        self.style = style
        self.write = write
        self.now = now
    }

    /// The printer for a verbosity; nil for silence.
    init?(_ verbosity: Verbosity) {
        switch verbosity {
        case .silent: return nil
        case .progressBar: self.init(Style.bar)
        case .lines: self.init(Style.lines)
        case .automatic: self.init(StandardOutput.isTerminal ? Style.bar : Style.lines)
        }
    }

    package mutating func epochBegin(_ run: TrainingRun, epoch: Int) async throws {
        start = now()
        (batchCount, lastWidth, lastDraw) = (0, 0, -.infinity)
        if run.epochCount > 1 { write("Epoch \(epoch + 1)/\(run.epochCount)\n") }
    }

    package mutating func batchEnd(_ run: TrainingRun, batch: Int, logs: Logs) async throws {
        batchCount = batch + 1
        let time = now()
        if batch == 0 { firstStepEnd = time }
        guard style == .bar, time - lastDraw >= Self.minimumInterval else { return }
        lastDraw = time
        draw(logs, target: run.batchCount, time: time, isFinal: false)
    }

    package mutating func epochEnd(_ run: TrainingRun, epoch: Int, logs: Logs) async throws {
        let time = now()
        switch style {
        case .bar: draw(logs, target: batchCount, time: time, isFinal: true)
        case .lines:
            write(
                "\(batchCount)/\(batchCount) - \(NumberFormat.whole(time - start))s -"
                    + NumberFormat.perStep(secondsPerStep(time)) + metrics(logs) + "\n")
        }
    }

    /// The first step, which compiles, is left out where there are others.
    private func secondsPerStep(_ time: Double) -> Double {
        if batchCount > 1 { return (time - firstStepEnd) / Double(batchCount - 1) }
        return (time - start) / Double(max(batchCount, 1))
    }

    private func metrics(_ logs: Logs) -> String {
        logs.sorted { $0.key < $1.key }
            .map { " - \($0.key): \(NumberFormat.metric($0.value))" }.joined()
    }

    private mutating func draw(_ logs: Logs, target: Int?, time: Double, isFinal: Bool) {
        // Colours take no room on the screen, so text and width are counted apart.
        var line = ColouredLine()
        let perStep = secondsPerStep(time)
        if let target {
            let digits = "\(target)".count
            let count = "\(batchCount)"
            let padding = String(repeating: " ", count: max(0, digits - count.count))
            line.append("\(padding)\(count)/\(target)", .bold)
            line.append(" ")
            let done = target == 0 ? Self.width : Self.width * min(batchCount, target) / target
            if done > 0 { line.append(String(repeating: "━", count: done), .green) }
            line.append(String(repeating: "━", count: Self.width - done), .white)
        } else {
            let count = "\(batchCount)"
            line.append(String(repeating: " ", count: max(0, 7 - count.count)) + count + "/Unknown")
        }
        line.append(" ")
        if let target, !isFinal {
            let left = perStep * Double(max(0, target - batchCount))
            line.append(NumberFormat.remaining(left), .bold)
        } else {
            line.append("\(NumberFormat.whole(time - start))s", .bold)
        }
        line.append(NumberFormat.perStep(perStep) + metrics(logs))
        let rest = String(repeating: " ", count: max(0, lastWidth - line.width))
        lastWidth = line.width
        write("\r" + line.text + rest + (isFinal ? "\n" : ""))
    }
}

/// Text with terminal colours, and how wide it is without them.
private struct ColouredLine {
    enum Colour: String {
        case bold = "1"
        case green = "32"
        case white = "37"
    }

    private(set) var text = ""
    private(set) var width = 0

    mutating func append(_ part: String, _ colour: Colour? = nil) {
        width += part.count
        text += colour.map { "\u{1B}[\($0.rawValue)m\(part)\u{1B}[0m" } ?? part
    }
}
