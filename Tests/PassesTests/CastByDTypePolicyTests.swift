import GraphTestSupport
import MartletIR
import MartletPasses
import Testing

struct CastByDTypePolicyTests {
    private static let axes =
        "left_batch = (), right_batch = (), left_contracting = (1), right_contracting = (0)"

    @Test func productsRoundTheirOperands() throws {
        let before = """
            %p = dot_general(%x, %w) {\(Self.axes)} : f32[n, 3]
            %y = tanh(%p) : f32[n, 3]
            return "y" = %y
            """
        let graph = try parsed("x: f32[n, 4]; w: f32[4, 3]", before)
        let once = try CastByDTypePolicy(.mixedBFloat16).run(graph)
        try Verifier.verify(once)
        let rounded = "right_contracting = (0), operand_precision = bf16}"
        #expect(once.text == graph.text.replacing("right_contracting = (0)}", with: rounded))
        #expect(once != graph)
        #expect(try CastByDTypePolicy(.mixedBFloat16).run(once) == once)
        #expect(try Graph(parsing: once.text) == once)
    }

    @Test func otherTypesAndPoliciesAreLeftAlone() throws {
        let product = """
            %p = dot_general(%x, %w) {\(Self.axes)} : f64[n, 3]
            return "y" = %p
            """
        try expectUnchanged(
            CastByDTypePolicy(.mixedBFloat16), "x: f64[n, 4]; w: f64[4, 3]", product)
        try expectUnchanged(
            CastByDTypePolicy(.float32), "x: f32[n, 4]; w: f32[4, 3]",
            product.replacing("f64", with: "f32"))
    }

    @Test func attentionRoundsItsOperands() throws {
        let b = GraphBuilder()
        let type = TensorType(.f32, [2, 5, 3, 4])
        let tensors = try ["q", "k", "v"].map {
            try b.append(.input(Input($0, role: .parameter, type: type)))
        }
        let output = try b.append(.attention(Attention(scale: 0.5)), tensors)[0]
        b.output("loss", try b.reduce(.sum, output, axes: [0, 1, 2, 3]))
        let graph = try CastByDTypePolicy(.mixedBFloat16).run(Differentiate().run(b.build()))
        try Verifier.verify(graph)
        let precisions = graph.nodes.compactMap { node -> DotGeneral.OperandPrecision? in
            switch node.op {
            case .attention(let op): op.operandPrecision
            case .attentionGradient(let op): op.forward.operandPrecision
            default: nil
            }
        }
        #expect(precisions == [.bf16, .bf16])
        #expect(try Graph(parsing: graph.text) == graph)
    }

    @Test func packedAttentionRoundsItsOperands() throws {
        let sequences = try SequenceGraph(
            batch: 2, length: 3, bounds: (2, 3), dropoutRate: 0, mask: [1, 1, 0, 1, 0, 0])
        let graph = try PassPipeline.training(
            optimizer: RandomUpdates(seed: 3), policy: .mixedBFloat16, packsPadding: true,
            verifies: true
        ).run(sequences.graph)
        let precisions = graph.nodes.compactMap { node -> DotGeneral.OperandPrecision? in
            switch node.op {
            case .packedAttention(let op): op.attention.operandPrecision
            case .packedAttentionGradient(let op): op.forward.attention.operandPrecision
            default: nil
            }
        }
        #expect(precisions.count == 4)
        #expect(Set(precisions) == [.bf16])
        #expect(try Graph(parsing: graph.text) == graph)
    }

    @Test func roundingOtherTypesIsRefused() {
        let error = #expect(throws: GraphTextError.self) {
            try parsed(
                "x: f64[n, 4]; w: f64[4, 3]",
                """
                %p = dot_general(%x, %w) {\(Self.axes), operand_precision = bf16} : f64[n, 3]
                return "y" = %p
                """)
        }
        #expect(
            error?.message.contains("operand precision bf16 needs f32 operands, not f64") == true)
    }

    @Test func gradientsOfRoundedProductsRoundToo() throws {
        let b = GraphBuilder()
        func input(_ name: String, _ shape: Shape) throws -> Value {
            let type = TensorType(.f32, shape)
            return try b.append(.input(Input(name, role: .parameter, type: type)))
        }
        let dot = DotGeneral(
            leftContracting: [1], rightContracting: [0], operandPrecision: .bf16)
        let product = try b.append(.dotGeneral(dot), input("x", [2, 4]), input("w", [4, 3]))
        b.output("loss", try b.reduce(.sum, product, axes: [0, 1]))
        let products = try Differentiate().run(b.build()).nodes.compactMap { node in
            if case .dotGeneral(let dot) = node.op { dot.operandPrecision } else { nil }
        }
        #expect(products == [.bf16, .bf16, .bf16])
    }
}
