import GraphTestSupport
import MartletIR
import Testing

struct VerifierTests {
    @Test(arguments: OpExample.all)
    func examplesAreValid(_ example: OpExample) throws {
        try Verifier.verify(example.graph())
    }

    @Test func namesAreUnique() throws {
        let b = GraphBuilder()
        let type = TensorType(.f32, [2])
        let x = try b.append(.input(Input("x", role: .data, type: type)))
        b.path = "later"
        _ = try b.append(.input(Input("x", role: .data, type: type)))
        b.output("y", x)
        let error = #expect(throws: GraphError.self) { try b.build() }
        #expect(error?.description == "later: input: the name \"x\" is declared twice")
    }

    @Test func updatesGoToInputsOfTheirType() throws {
        func failure(_ outputs: (GraphBuilder, Value) -> Void) throws -> String {
            let b = GraphBuilder()
            let type = TensorType(.f32, [2])
            let x = try b.append(.input(Input("x", role: .parameter, type: type)))
            outputs(b, x)
            let error = #expect(throws: GraphError.self) { try b.build() }
            return error?.description ?? ""
        }
        #expect(
            try failure { b, x in b.output("y", x, updates: "z") }
                == "return: output \"y\" updates \"z\", which is no input")
        #expect(
            try failure { b, x in
                b.output("y", x, updates: "x")
                b.output("z", x, updates: "x")
            } == "return: output \"z\" updates \"x\", which another output updates already")
        #expect(
            try failure { b, _ in b.output("y", Value(node: 3)) }
                == "return: output \"y\" refers to a value that does not exist")
        #expect(
            try failure { b, x in
                if let sum = try? b.reduce(.sum, x, axes: [0]) {
                    b.output("y", sum, updates: "x")
                }
            } == "return: output \"y\" updates \"x\" of type f32[2] with f32[]")
    }

    @Test func symbolsHaveOneBoundAndAWordForName() throws {
        func failure(_ symbols: [Symbol]) throws -> String {
            let b = GraphBuilder()
            for (index, symbol) in symbols.enumerated() {
                let type = TensorType(.f32, [Dimension(symbol)])
                _ = try b.append(.input(Input("\(index)", role: .data, type: type)))
            }
            let graph = try b.build()
            let error = #expect(throws: GraphError.self) { try Verifier.verify(graph) }
            return error?.description ?? ""
        }
        #expect(
            try failure([Symbol("n", bound: 3), Symbol("n", bound: 4)])
                == "the symbol n has two bounds: 3, 4"
                || failure([Symbol("n", bound: 3), Symbol("n", bound: 4)])
                    == "the symbol n has two bounds: 4, 3"
        )
        #expect(
            try failure([Symbol("batch size", bound: 3)])
                == "the symbol name \"batch size\" is no word of letters, digits and _")
    }

    @Test(.timeLimit(.minutes(1)))
    func aMillionNodesVerify() throws {
        try Verifier.verify(chainGraph(length: 1_000_000))
    }
}
