import GraphTestSupport
import MartletIR
import Testing

/// Whatever the text, parsing returns or throws; it never traps and never takes long.
struct HostileTextTests {
    private func parse(_ text: some StringProtocol) {
        do {
            let graph = try Graph(parsing: String(text))
            // What was accepted must be a graph like any other.
            #expect(throws: Never.self) { try Verifier.verify(graph) }
        } catch {
            #expect(error is GraphTextError, "\(error)")
        }
    }

    /// Every example with bytes deleted, doubled or replaced.
    @Test(arguments: OpExample.all)
    func mutatedTextNeverTraps(_ example: OpExample) throws {
        let text = Array(try example.graph().text.utf8)
        let replacements = Array("%{}()[]\"=,:#@-+*.e09n\\ \n".utf8) + [0, 0x80, 0xFF]
        let random = RandomSource(seed: 9, stream: 0)
        for trial in 0..<200 {
            var mutated = text
            for edit in 0..<(1 + trial % 3) {
                let draw = UInt64(trial * 16 + edit * 4)
                let place = random.integer(at: draw, below: mutated.count)
                switch random.integer(at: draw + 1, below: 4) {
                case 0: mutated.remove(at: place)
                case 1: mutated.insert(mutated[place], at: place)
                case 2:
                    let end = min(
                        mutated.count, place + random.integer(at: draw + 2, below: 40))
                    mutated.insert(contentsOf: mutated[place..<end], at: place)
                default:
                    mutated[place] =
                        replacements[random.integer(at: draw + 3, below: replacements.count)]
                }
            }
            parse(String(decoding: mutated, as: UTF8.self))
        }
    }

    /// Every number of every example replaced by one at the edge of what fits.
    @Test(arguments: OpExample.all)
    func numbersAtTheEdgeNeverTrap(_ example: OpExample) throws {
        let text = try example.graph().text
        let edges = [
            "-1", "0", "1", "9223372036854775807", "-9223372036854775808", "4611686018427387904",
            "4294967296", "1e308", "-1e308", "5e-324", "inf", "nan",
        ]
        for range in text.ranges(of: /[0-9]+(\.[0-9]+)?(e[-+]?[0-9]+)?/) {
            let (before, after) = (text[..<range.lowerBound], text[range.upperBound...])
            for edge in edges { parse(before + edge + after) }
        }
    }

    @Test(arguments: [
        String(repeating: "(", count: 1_000_000),
        "graph \"g\" {%0 = add" + String(repeating: "(", count: 1_000_000),
        "graph \"g\" {%0 = iota() {shape = [" + String(repeating: "1,", count: 500_000) + "1]}}",
        "graph \"g\" symbols(n <= 2) {%0 = iota() {shape = ["
            + String(repeating: "n*", count: 500_000) + "n]}}",
        "graph \"g\" symbols(n <= 2) {%0 = iota() {shape = ["
            + String(repeating: "n+", count: 500_000) + "n]}}",
        "graph \"g\" {%0 = iota() {axis = " + String(repeating: "9", count: 1_000_000) + "}}",
        "graph \"g\" {%0 = iota() {axis = " + String(repeating: "{", count: 1_000_000) + "}}",
        "graph \"" + String(repeating: "\\", count: 1_000_001),
        "graph \"g\" " + String(repeating: "//", count: 1_000_000),
    ])
    func hugeTextEndsSoon(_ text: String) { parse(text) }

    /// Shapes whose products would have billions of terms.
    @Test func symbolicProductsStaySmall() {
        let names = (0..<64).map { "s\($0)" }
        let symbols = names.map { "\($0) <= 9" }.joined(separator: ", ")
        let sums = stride(from: 0, to: 64, by: 4).map { first in
            names[first..<(first + 4)].joined(separator: " + ")
        }
        let shape = sums.joined(separator: ", ")
        parse(
            """
            graph "g" symbols(\(symbols)) {
              %0 = input() {name = "x", role = data, dtype = bool, shape = [\(shape)]}
              %1 = reshape(%0) {shape = [\(shape), 1]}
            }
            """)
    }
}
