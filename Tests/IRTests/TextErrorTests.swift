import MartletIR
import Testing

struct TextErrorTests {
    struct Example: Sendable, CustomTestStringConvertible {
        var text: String
        var message: String
        var testDescription: String { message }

        init(_ text: String, _ message: String) {
            self.text = text
            self.message = message
        }

        /// The text between the braces of a graph over `%x : f32[n, 4]`, which ends at line 2.
        init(body: String, _ message: String) {
            self.init(
                "graph \"g\" symbols(n <= 8) {\n"
                    + "%x = input() {name = \"x\", role = data, dtype = f32, shape = [n, 4]}\n"
                    + body + "\n}", message)
        }
    }

    static let examples: [Example] = [
        Example("", "1:1: expected \"graph\", received the end of the text"),
        Example("graph {", "1:7: expected the graph's name in quotes, received \"{\""),
        Example("graph \"g {\n", "1:7: the quoted text does not end on its line; write \\n"),
        Example("graph \"g", "1:7: the quoted text does not end; close it with \""),
        Example("graph \"\\q\"", "1:8: unknown escape; known are \\\", \\\\, \\n and \\u{…}"),
        Example(
            "graph \"\\u{110000}\"", "1:8: unknown escape; known are \\\", \\\\, \\n and \\u{…}"),
        Example("graph \"ö\" [", "1:11: expected \"{\", received \"[\""),
        Example(
            "graph \"g\" {",
            "1:12: expected a node such as %0 = …, a return, or \"}\", "
                + "received the end of the text"),
        Example("graph \"g\" {} more", "1:14: expected nothing after the graph, received \"more\""),
        Example(
            "graph \"g\" symbols(n <= 0) {}",
            "1:19: symbol n: the bound must be at least 1, received 0"),
        Example("graph \"g\" symbols(n <= 1, n <= 2) {}", "1:27: symbol n is declared twice"),
        Example(
            "graph \"g\" symbols(n <= 99999999999999999999) {}",
            "1:24: 99999999999999999999 does not fit 64 bits"),
        Example(body: "%x = not(%x)", "3:1: %x is defined twice"),
        Example(body: "%y = not(%z)", "3:10: %z is not defined above its use"),
        Example(body: "%y = not(%x#1)", "3:10: %x has results 0..<1, not 1"),
        Example(body: "%y = not(%x#-1)", "3:10: %x has results 0..<1, not -1"),
        Example(
            body: "%y = dance(%x)", "3:6: dance: there is no such op; docs/ir.md lists all"),
        Example(
            body: "%y = not(%x)",
            "3:6: not: expected bool, received f32 (operands: f32[n, 4])"),
        Example(
            body: "%y = softmax(%x)", "3:6: softmax: attribute axis is missing; write axis = …"),
        Example(
            body: "%y = softmax(%x) {axis = 1.5}",
            "3:6: softmax: attribute axis: expected an integer"),
        Example(
            body: "%y = softmax(%x) {axis = 1, axis = 1}",
            "3:6: softmax: attribute axis is given twice"),
        Example(
            body: "%y = softmax(%x) {axis = 1, axes = (1)}",
            "3:6: softmax: attribute axes is unknown to this op; remove it"),
        Example(
            body: "%y = compare(%x, %x) {direction = up}",
            "3:6: compare: attribute direction: up is not one of eq, ne, lt, le, gt, ge"),
        Example(
            body: "%y = softmax(%x) {axis = 1} : f32[n, 5]",
            "3:31: %y: the types given, f32[n, 5], differ from those inferred, f32[n, 4]; "
                + "correct them or leave them out"),
        Example(
            body: "%y = reshape(%x) {shape = [4, m]}",
            "3:31: symbol m is not declared; add it to the header: symbols(m <= …)"),
        Example(
            body: "%y = reshape(%x) {shape = [n, 5]}",
            "3:6: reshape: 4*n elements cannot fill shape [n, 5], which holds 5*n "
                + "(operands: f32[n, 4])"),
        Example(
            body: "%y = convert(%x) {to = f31}",
            "3:6: convert: attribute to: f31 is not one of f32, f64, bf16, f16, i8, i32, i64, u8, "
                + "bool"),
        Example(
            body: "%y = abs(%x) : f31[n, 4]",
            "3:16: f31 is no element type; known are f32, f64, bf16, f16, i8, i32, i64, u8, bool"),
        Example(
            body: "%y = constant() {dtype = f64, shape = [], elements = {1e999}}",
            "3:55: 1e999 does not fit a 64-bit float; write inf for infinity"),
        Example(
            body: "%y = constant() {dtype = f64, shape = [], elements = {1.}}",
            "3:57: expected a digit after the point"),
        Example(
            body: "%y = constant() {dtype = f64, shape = [], elements = {nan(0x1)}}",
            "3:59: expected the bits of a NaN, such as 0x7ff8000000000001"),
        Example(
            body: "%y = constant() {dtype = f64, shape = [-1], elements = {1.0}}",
            "3:6: constant: shape [-1] has an extent that is no fixed size"),
        Example(
            body: "%y = constant() {dtype = f64, shape = [8589934592, 8589934592], "
                + "elements = {1.0}}",
            "3:6: constant: shape [8589934592, 8589934592] has more elements than fit 64 bits"),
        Example(
            body: "%y = broadcast_in_dim(%x) {shape = [n, 4, 9223372036854775807], "
                + "dimensions = (0, 1)}",
            "3:6: broadcast_in_dim: f32[n, 4, 9223372036854775807] has more bytes than fit 64 "
                + "bits (operands: f32[n, 4])"),
        Example(
            body: "%y = iota() {dtype = i32, shape = [n - 3], axis = 0}",
            "3:6: iota: axis 0 of i32[n - 3] has the extent n - 3, which is no size"),
        Example(
            body: "return \"y\" = %x updates \"x\"\nreturn \"y\" = %x",
            "5:1: return: output \"y\" is declared twice"),
        Example(
            body: "return \"y\" = %x updates \"z\"",
            "4:1: return: output \"y\" updates \"z\", which is no input"),
        Example(body: "%y = not(%x", "4:1: expected \",\" or \")\", received \"}\""),
        Example(body: "% y = not(%x)", "3:2: expected a value's number or name right after \"%\""),
    ]

    @Test(arguments: examples)
    func errorsSayWhereAndWhat(_ example: Example) throws {
        let error = #expect(throws: GraphTextError.self) {
            try Graph(parsing: example.text)
        }
        #expect(error?.description == example.message)
    }
}
