import GraphTestSupport
import MartletIR
import Testing

/// `parse(print(g)) == g`.
struct TextRoundTripTests {
    @Test(arguments: OpExample.all + OpExample.all.map(\.inFloat32))
    func everyOpReadsBack(_ example: OpExample) throws {
        let graph = try example.graph()
        let read = try Graph(parsing: graph.text)
        #expect(read == graph)
        #expect(read.text == graph.text)
    }

    @Test func printsOneNodeALine() throws {
        let batch = Symbol("batch", bound: 128)
        let b = GraphBuilder(name: "dense")
        let x = try b.append(
            .input(Input("x", role: .data, type: TensorType(.f32, [Dimension(batch), 4]))))
        let w = try b.append(
            .input(Input("dense/kernel", role: .parameter, type: TensorType(.f32, [4, 2]))))
        b.path = "dense"
        let y = try b.dotGeneral(x, w, leftContracting: [1], rightContracting: [0])
        b.path = "dense/norm"
        let norm = try b.append(
            .layerNorm(LayerNorm(epsilon: 1e-3, hasScale: false, hasOffset: false)), [y])
        b.path = ""
        b.output("y", norm[0])
        b.output("rstd", norm[2])
        b.output("kernel", w, updates: "dense/kernel")
        let graph = try b.build()
        #expect(
            graph.text == """
                graph "dense" symbols(batch <= 128) {
                  %0 = input() {name = "x", role = data, dtype = f32, shape = [batch, 4]} \
                : f32[batch, 4]
                  %1 = input() {name = "dense/kernel", role = parameter, dtype = f32, \
                shape = [4, 2]} : f32[4, 2]
                  %2 = dot_general(%0, %1) {left_batch = (), right_batch = (), \
                left_contracting = (1), right_contracting = (0)} : f32[batch, 2] @ "dense"
                  %3 = layer_norm(%2) {epsilon = 0.001, residual = false, scale = false, \
                offset = false, rate = 0.0, stream = 0} : (f32[batch, 2], f32[batch], f32[batch]) \
                @ "dense/norm"
                  return "y" = %3#0
                  return "rstd" = %3#2
                  return "kernel" = %1 updates "dense/kernel"
                }

                """)
        #expect(try Graph(parsing: graph.text) == graph)
    }

    @Test func namesAndOmissionsAreRead() throws {
        let read = try Graph(
            parsing: """
                graph "short" symbols(n <= 7) {  // a comment
                  %x = input() {name = "x", role = data, dtype = f32, shape = [n, 2]}
                  %total = reduce(%x) {kind = sum, axes = (0)} : f32[2]
                  %y = layer_norm(%total) {epsilon = 1, scale = false, offset = false}
                  return "y" = %y
                }
                """)
        let full = try Graph(parsing: read.text)
        #expect(read == full)
        #expect(full.nodes.count == 3)
        #expect(full.symbols == [Symbol("n", bound: 7)])
    }

    @Test(arguments: [
        0.0, -0.0, 0.1, 1e-300, .leastNonzeroMagnitude, .greatestFiniteMagnitude, .infinity,
        -.infinity, .nan,
        Double(bitPattern: 0x7FF8_0000_0000_0001), Double(bitPattern: 0xFFF8_0000_0000_0000),
    ])
    func numbersKeepTheirBits(_ number: Double) throws {
        let b = GraphBuilder()
        b.output("c", try b.constant(number, .f64))
        let graph = try b.build()
        #expect(try Graph(parsing: graph.text) == graph)
    }

    @Test(arguments: ["", "a\"b\\c", "line\nend", "tab\t\u{0}\u{7F}\r", "ö 🙂 // }", "%0#1"])
    func namesAndPathsKeepTheirCharacters(_ name: String) throws {
        let b = GraphBuilder(name: name)
        b.path = name
        let type = TensorType(.i8, [])
        b.output(name, try b.append(.input(Input(name, role: .slot, type: type))), updates: name)
        let graph = try b.build()
        let read = try Graph(parsing: graph.text)
        #expect(read == graph)
        #expect(Array(read.name.unicodeScalars) == Array(name.unicodeScalars))
    }

    @Test func polynomialExtentsReadBack() throws {
        let (m, n) = (Symbol("m", bound: 3), Symbol("n", bound: 5))
        let extents: [Dimension] = [
            Dimension(m) * Dimension(n) * 2 + Dimension(n) + 3, Dimension(m) * Dimension(m), 0,
        ]
        for extent in extents {
            let b = GraphBuilder()
            let type = TensorType(.bool, [extent, 1])
            b.output("x", try b.append(.input(Input("x", role: .data, type: type))))
            let graph = try b.build()
            #expect(try Graph(parsing: graph.text) == graph)
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func aMillionNodesPrintAndParse() throws {
        let graph = try chainGraph(length: 1_000_000)
        #expect(try Graph(parsing: graph.text) == graph)
    }
}
