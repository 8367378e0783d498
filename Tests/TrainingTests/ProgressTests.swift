import MartletLayers
import MartletTraining
import Synchronization
import Testing

/// The looks of Keras 3, with a clock that the test moves.
struct ProgressTests {
    /// A second passes whenever it is asked.
    private func output(_ style: ProgressPrinter.Style, epochs: Int) async throws -> String {
        let text = Mutex("")
        let time = Mutex(0.0)
        let printer = ProgressPrinter(
            style, write: { part in text.withLock { $0 += part } },
            now: {
                time.withLock {
                    $0 += 1
                    return $0
                }
            })
        let model = try InputGateTests.model()
        try await model.fit(
            InputGateTests.examples(), batchSize: 1, epochs: epochs,
            callbacks: [FixedLogs(), printer],
            verbosity: .silent)
        // The numbers, and the spaces that cover what a longer line left behind, may vary.
        return text.withLock { $0 }
            .replacing(/(accuracy|loss): [0-9.e+-]+/) { "\($0.1): N" }
            .replacing(/[ ]+(\r|\n)/) { "\($0.1)" }
    }

    @Test func linesAreThoseOfVerboseTwo() async throws {
        let text = try await output(.lines, epochs: 2)
        #expect(
            text
                == """
                Epoch 1/2
                2/2 - 3s - 2s/step - accuracy: N - loss: N
                Epoch 2/2
                2/2 - 3s - 2s/step - accuracy: N - loss: N

                """)
    }

    @Test func theBarIsDrawnAgainAndEndsWithTheTime() async throws {
        let bold = "\u{1B}[1m", green = "\u{1B}[32m", white = "\u{1B}[37m", off = "\u{1B}[0m"
        let half = String(repeating: "━", count: 10)
        let text = try await output(.bar, epochs: 1)
        #expect(
            text
                == "\r\(bold)1/2\(off) \(green)\(half)\(off)\(white)\(half)\(off) "
                + "\(bold)1s\(off) 1s/step - accuracy: N - loss: N"
                + "\r\(bold)2/2\(off) \(green)\(half)\(half)\(off)\(white)\(off) "
                + "\(bold)0s\(off) 1s/step - accuracy: N - loss: N"
                + "\r\(bold)2/2\(off) \(green)\(half)\(half)\(off)\(white)\(off) "
                + "\(bold)3s\(off) 2s/step - accuracy: N - loss: N\n")
    }
}

/// Does nothing; stands for a callback of the user's.
private struct FixedLogs: Callback {}
