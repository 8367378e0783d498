import GraphTestSupport
import MartletIR
import MartletPasses
import Testing

struct PipelineTests {
    private struct Broken: Pass {
        var name: String { "broken" }

        /// Declares its input twice by renaming the second.
        func run(_ graph: Graph) throws -> Graph {
            let b = GraphBuilder(name: graph.name)
            let type = TensorType(.f32, [Dimension(Symbol("not a word", bound: 3))])
            b.output("y", try b.append(.input(Input("x", role: .data, type: type))))
            return try b.build()
        }
    }

    private let twoAdditions = """
        %z = constant() {dtype = f32, shape = [], elements = {0}}
        %zero = broadcast_in_dim(%z) {shape = [n], dimensions = ()}
        %a = add(%x, %zero)
        %b = add(%x, %zero)
        %y = multiply(%a, %b)
        return "y" = %y
        """

    @Test func passesAreSwitchedOffByName() throws {
        let graph = try parsed("x: f32[n]", twoAdditions)
        let all = try PassPipeline.inference(verifies: true).run(graph)
        #expect(all.nodes.count == 2)
        let without = try PassPipeline.inference(
            disabled: ["simplify-algebra", "fold-constants"], verifies: true
        ).run(graph)
        #expect(without.nodes.count == 5)
        var seen: [String] = []
        _ = try PassPipeline.inference(disabled: ["fuse-gelu"]).run(graph) { name, _ in
            seen.append(name)
        }
        #expect(seen.contains("fuse-attention"))
        #expect(!seen.contains("fuse-gelu"))
    }

    @Test func verificationNamesThePass() throws {
        let graph = try parsed("x: f32[n]", twoAdditions)
        let pipeline = PassPipeline([SimplifyAlgebra(), Broken()], verifies: true)
        let error = #expect(throws: GraphError.self) { try pipeline.run(graph) }
        #expect(error?.description.contains("after pass broken: ") == true)
    }

    /// Every example, expanded, is recognised again by the pipeline, or at least means the same.
    @Test(arguments: OpExample.all)
    func pipelineKeepsMeaning(_ example: OpExample) throws {
        let graph = try example.graph()
        let expanded = try EliminateDeadCode().run(ExpandComposites().run(graph))
        #expect(expanded.nodes.allSatisfy { $0.op.composite == nil })
        let result = try PassPipeline.inference(verifies: true).run(expanded)
        var inputs: [String: ReferenceTensor] = [:]
        for (index, value) in example.randomOperands(seed: 5).enumerated() {
            inputs["\(index)"] = value
        }
        let interpreter = ReferenceInterpreter(precision: .float64)
        let before = try interpreter.run(graph, inputs)
        let after = try interpreter.run(result, inputs)
        for (name, tensor) in before {
            let other = try #require(after[name])
            for (x, y) in zip(tensor.elements, other.elements) {
                #expect(x == y || (x.isNaN && y.isNaN) || abs(x - y) <= 1e-9 * max(1, abs(x)))
            }
        }
    }

    /// Composites that fusion finds again in their own decomposition, as the only result read.
    @Test(arguments: OpExample.all)
    func decompositionsAreRecognised(_ example: OpExample) throws {
        switch example.op {
        case .softmax, .logSoftmax, .gelu, .dropout, .softmaxCrossEntropy, .layerNorm: break
        case .attention(let attention) where !attention.returnsScores: break
        default: return
        }
        let b = GraphBuilder()
        var operands: [Value] = []
        for (index, operand) in example.operands.enumerated() {
            let input = Input("\(index)", role: .data, type: operand.type)
            operands.append(try b.append(.input(input)))
        }
        b.output("y", try b.append(example.op, operands)[0])
        let graph = try b.build()
        let result = try PassPipeline.inference(verifies: true).run(
            ExpandComposites().run(graph))
        #expect(result == graph, "received:\n\(result)")
    }

    @Test(.timeLimit(.minutes(1)))
    func aMillionNodesGoThrough() throws {
        var graph = try chainGraph(length: 1_000_000)
        let passes: [any Pass] = [
            SimplifyAlgebra(), FoldConstants(), ShareCommonSubexpressions(), EliminateDeadCode(),
            FuseGelu(), FuseAttention(), FuseResidualLayerNorm(), Differentiate(),
        ]
        for pass in passes { graph = try pass.run(graph) }
        try Verifier.verify(graph)
        #expect(graph.outputs.count == 2)
    }

    @Test func aMisspeltPassIsNotIgnored() throws {
        let graph = try Graph(parsing: "graph \"g\" { }")
        let pipeline = PassPipeline([FuseGelu()], disabled: ["fuse-gelo"])
        let error = #expect(throws: GraphError.self) { try pipeline.run(graph) }
        #expect(
            error?.message == "there is no pass \"fuse-gelo\" to leave out; the passes are "
                + "fuse-gelu, simplify-algebra, fold-constants, share-common-subexpressions, "
                + "eliminate-dead-code, fuse-dropout, fuse-softmax, fuse-softmax-cross-entropy, "
                + "fuse-layer-norm, fuse-attention, fuse-bias-activation, "
                + "fuse-residual-layer-norm, sink-slices, pack-padding, differentiate, "
                + "append-optimizer, cast-by-dtype-policy")
        // A pass that these do not have may be left out all the same.
        #expect(try PassPipeline([FuseGelu()], disabled: ["differentiate"]).run(graph) == graph)
    }
}
