import GraphTestSupport
import MartletIR
import MartletPasses
import TestSupport
import Testing

struct PackPaddingTests {
    private let operands: ShortInputs =
        "ids: i32[n, 3]; mask: i32[n, 3]; table: f32[7, 4]; w: f32[4, 2, 4]; u: f32[2, 4, 4]"

    /// An embedding and an attention over it, as `%x` `[n, 3, 4]`.
    private func encoder(_ attributes: String = "") -> String {
        """
        %e = embedding(%table, %ids)
        %q = dot_general(%e, %w) {left_contracting = (2), right_contracting = (0)}
        %zero = constant() {dtype = i32, shape = [], elements = {0}}
        %zeros = broadcast_in_dim(%zero) {shape = [n, 3], dimensions = ()}
        %real = compare(%mask, %zeros) {direction = ne}
        %keys = reshape(%real) {shape = [n, 1, 1, 3]}
        %a = attention(%q, %q, %q, %keys) {scale = 0.5, mask = true\(attributes)}
        %x = dot_general(%a#0, %u) {left_contracting = (2, 3), right_contracting = (0, 1)}

        """
    }

    private func packs(_ output: String, encoder: String? = nil) throws -> Bool {
        let graph = try parsed(operands, (encoder ?? self.encoder()) + output)
        let packed = try PackPadding().run(graph)
        try Verifier.verify(packed)
        return packed != graph
    }

    @Test func firstPosition() throws {
        let graph = try parsed(
            operands,
            encoder() + """
                %first = slice(%x) {starts = (0, 0, 0), limits = [n, 1, 4]}
                return "y" = %first
                """)
        let packed = try EliminateDeadCode().run(PackPadding().run(graph))
        try Verifier.verify(packed)
        let text = packed.text.split(separator: "\n").map { line in
            line.trimmingPrefix(while: { $0 == " " }).prefix { $0 != "{" }
        }.filter { $0.hasPrefix("%") && !$0.contains("input()") }
        let names = text.map { line in
            String(line.split(separator: " ")[2].prefix { $0 != "(" })
        }
        #expect(
            names == [
                "pack_indices", "pack_tokens", "embedding", "dot_general", "constant",
                "broadcast_in_dim", "compare", "packed_attention", "dot_general",
                "unpack_tokens", "slice",
            ])
        #expect(packed.symbols.map(\.name) == ["n", "tokens"])
        #expect(try PackPadding().run(packed) == packed)
    }

    @Test func whatShowsNoPaddingIsPacked() throws {
        #expect(
            try packs(
                """
                %m = convert(%real) {to = f32}
                %mb = broadcast_in_dim(%m) {shape = [n, 3, 4], dimensions = (0, 1)}
                %kept = multiply(%x, %mb)
                %sum = reduce(%kept) {kind = sum, axes = (1)}
                return "y" = %sum
                """))
        #expect(
            try packs(
                """
                %mb = broadcast_in_dim(%real) {shape = [n, 3, 4], dimensions = (0, 1)}
                %f = constant() {dtype = f32, shape = [], elements = {0}}
                %fb = broadcast_in_dim(%f) {shape = [n, 3, 4], dimensions = ()}
                %kept = select(%mb, %x, %fb)
                return "y" = %kept
                """))
    }

    @Test func whatShowsPaddingIsLeft() throws {
        #expect(try !packs(#"return "y" = %x"#))
        #expect(try !packs("%s = reduce(%x) {kind = sum, axes = (1)}\nreturn \"y\" = %s"))
        let first = """
            %first = slice(%x) {starts = (0, 0, 0), limits = [n, 1, 4]}
            return "y" = %first
            """
        #expect(try packs(first))
        #expect(
            try !packs(
                """
                %second = slice(%x) {starts = (0, 1, 0), limits = [n, 2, 4]}
                return "y" = %second
                """))
        // A query may look at keys after the last real one: all of them, where it sees none.
        #expect(try !packs(first, encoder: encoder(", causal = true")))
        // Log-sum-exps, or another attention that hides nothing.
        #expect(
            try !packs("return \"lse\" = %a#1"))
        #expect(
            try !packs(
                "%b = attention(%q, %q, %q) {scale = 1}\n" + first + "\nreturn \"b\" = %b#0"))
    }

    /// Masks by rows of seven.
    static let masks: [[Double]] = [
        [1, 1, 1, 1, 1, 1, 1] + [1, 0, 0, 0, 0, 0, 0] + [1, 1, 1, 0, 0, 0, 0]
            + [1, 1, 1, 1, 1, 0, 0],
        // Holes, padding in front, nothing real.
        [0, 0, 1, 1, 1, 0, 0] + [0, 1, 0, 1, 0, 0, 0] + [0, 0, 0, 0, 0, 0, 0]
            + [1, 1, 0, 1, 1, 1, 1],
    ]

    /// Losses and gradients of all parameters, in Float64.
    @Test(arguments: masks)
    func gradientsAreThoseOfThePaddedRun(_ mask: [Double]) throws {
        let sequences = try SequenceGraph(
            batch: 4, length: 7, bounds: (5, 9), dropoutRate: 0, mask: mask)
        let packed = try PackPadding().run(sequences.graph)
        #expect(packed != sequences.graph)
        let results = try [sequences.graph, packed].map { graph in
            let step = try Differentiate().run(graph)
            try Verifier.verify(step)
            return try ReferenceInterpreter(
                precision: .float64, extents: SymbolExtents(sequences.extents)
            ).run(step, sequences.inputs)
        }
        #expect(results[0].count > 30)
        for (name, expected) in results[0] {
            let received = try #require(results[1][name])
            let problem = mismatch(
                received.elements, expected.elements, shape: expected.shape,
                tolerance: Tolerance(relative: 1e-10, absolute: 1e-12))
            #expect(problem == nil, "\(name): \(problem ?? "")")
        }
    }
}
