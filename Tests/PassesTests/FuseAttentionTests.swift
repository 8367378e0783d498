import MartletPasses
import Testing

struct FuseAttentionTests {
    /// Scaled logits of `[batch, length, heads, size]` operands, named `%logits`.
    private let logits = """
        %c = constant() {dtype = f32, shape = [], elements = {0.5}}
        %scale = broadcast_in_dim(%c) {shape = [n, 3, 2, 4], dimensions = ()}
        %scaled = multiply(%q, %scale)
        %logits = dot_general(%scaled, %k) {left_batch = (0, 2), right_batch = (0, 2), \
        left_contracting = (3), right_contracting = (3)}

        """
    private let operands: ShortInputs = "q: f32[n, 3, 2, 4]; k: f32[n, 5, 2, 4]; v: f32[n, 5, 2, 6]"

    /// The product with v, from `%p`, as an output.
    private let product = """
        %o = dot_general(%p, %v) {left_batch = (0, 1), right_batch = (0, 2), \
        left_contracting = (3), right_contracting = (1)}
        %y = transpose(%o) {permutation = (0, 2, 1, 3)}
        return "y" = %y
        """

    private func fused(_ attributes: String, _ more: String = "") -> String {
        """
        %a = attention(%q, %k, %v\(more)) {\(attributes)}
        %o = transpose(%a) {permutation = (0, 2, 1, 3)}
        %y = transpose(%o) {permutation = (0, 2, 1, 3)}
        return "y" = %y
        """
    }

    @Test func plain() throws {
        try expectRewrite(
            FuseAttention(), operands,
            before: logits + "%p = softmax(%logits) {axis = 3}\n" + product,
            after: fused("scale = 0.5"))
    }

    /// `[batch, heads, length, size]`, the scale on the logits, as Hugging Face writes it; the
    /// transposes of the model cancel with those of attention.
    @Test func headsFirst() throws {
        let inputs: ShortInputs = "q: f32[n, 3, 2, 4]; k: f32[n, 5, 2, 4]; v: f32[n, 5, 2, 6]"
        let pipeline = PassPipeline([
            FuseAttention(), SimplifyAlgebra(), EliminateDeadCode(),
        ])
        let graph = try parsed(
            inputs,
            """
            %qt = transpose(%q) {permutation = (0, 2, 1, 3)}
            %kt = transpose(%k) {permutation = (0, 2, 3, 1)}
            %vt = transpose(%v) {permutation = (0, 2, 1, 3)}
            %s = dot_general(%qt, %kt) {left_batch = (0, 1), right_batch = (0, 1), \
            left_contracting = (3), right_contracting = (2)}
            %c = constant() {dtype = f32, shape = [], elements = {2}}
            %two = broadcast_in_dim(%c) {shape = [n, 2, 3, 5], dimensions = ()}
            %logits = divide(%s, %two)
            %p = softmax(%logits) {axis = 3}
            %o = dot_general(%p, %vt) {left_batch = (0, 1), right_batch = (0, 1), \
            left_contracting = (3), right_contracting = (2)}
            %y = transpose(%o) {permutation = (0, 2, 1, 3)}
            return "y" = %y
            """)
        let result = try pipeline.run(graph)
        #expect(
            try result
                == parsed(
                    inputs,
                    """
                    %y = attention(%q, %k, %v) {scale = 0.5}
                    return "y" = %y
                    """),
            "\(result)")
        try expectSameResults(graph, result, tolerance: 1e-9)
    }

    @Test(arguments: [
        // A select; an addend by select; an addend by arithmetic.
        """
        %masked = select(%allowed, %logits, %low)
        """,
        """
        %addend = select(%allowed, %zero, %low)
        %masked = add(%logits, %addend)
        """,
        """
        %number = convert(%allowed) {to = f32}
        %complement = subtract(%one, %number)
        %addend = multiply(%complement, %low)
        %masked = add(%addend, %logits)
        """,
    ])
    func masked(_ masking: String) throws {
        let inputs: ShortInputs = """
            q: f32[n, 3, 2, 4]; k: f32[n, 5, 2, 4]; v: f32[n, 5, 2, 6]; mask: bool[n, 5]
            """
        let splats = [("zero", 0.0), ("one", 1), ("low", -1e30)].map { name, number in
            """
            %\(name)_scalar = constant() {dtype = f32, shape = [], elements = {\(number)}}
            %\(name) = broadcast_in_dim(%\(name)_scalar) {shape = [n, 2, 3, 5], dimensions = ()}

            """
        }.joined()

        try expectRewrite(
            FuseAttention(), inputs,
            before: splats + logits + """
                %allowed = broadcast_in_dim(%mask) {shape = [n, 2, 3, 5], dimensions = (0, 3)}
                \(masking)
                %p = softmax(%masked) {axis = 3}

                """ + product,
            after: "%m = reshape(%mask) {shape = [n, 1, 1, 5]}\n"
                + fused("scale = 0.5, mask = true", ", %m"))
    }

    @Test(arguments: [false, true])
    func causal(_ hasMask: Bool) throws {
        let inputs: ShortInputs = """
            q: f32[n, 3, 2, 4]; k: f32[n, 5, 2, 4]; v: f32[n, 5, 2, 6]; mask: bool[n, 2, 3, 5]
            """
        try expectRewrite(
            FuseAttention(), inputs,
            before: logits + """
                %query = iota() {dtype = i32, shape = [3, 5], axis = 0}
                %key = iota() {dtype = i32, shape = [3, 5], axis = 1}
                %past2 = compare(%key, %query) {direction = le}
                %past = broadcast_in_dim(%past2) {shape = [n, 2, 3, 5], dimensions = (2, 3)}
                %both = and(%mask, %past)
                %l = constant() {dtype = f32, shape = [], elements = {-1e30}}
                %low = broadcast_in_dim(%l) {shape = [n, 2, 3, 5], dimensions = ()}
                %masked = select(%\(hasMask ? "both" : "past"), %logits, %low)
                %p = softmax(%masked) {axis = 3}

                """ + product,
            after: fused(
                "scale = 0.5, causal = true, mask = \(hasMask)", hasMask ? ", %mask" : ""))
    }

    @Test func zeroedRowsAndDropout() throws {
        let inputs: ShortInputs = """
            q: f32[n, 3, 2, 4]; k: f32[n, 5, 2, 4]; v: f32[n, 5, 2, 6]; mask: bool[n, 2, 3, 5];
            seed: i64[]; step: i64[]
            """
        try expectRewrite(
            FuseAttention(), inputs,
            before: logits + """
                %l = constant() {dtype = f32, shape = [], elements = {-1e30}}
                %low = broadcast_in_dim(%l) {shape = [n, 2, 3, 5], dimensions = ()}
                %z = constant() {dtype = f32, shape = [], elements = {0}}
                %zero = broadcast_in_dim(%z) {shape = [n, 2, 3, 5], dimensions = ()}
                %masked = select(%mask, %logits, %low)
                %all = softmax(%masked) {axis = 3}
                %kept = select(%mask, %all, %zero)
                %p = dropout(%kept, %seed, %step) {rate = 0.2, stream = 3}

                """ + product,
            after: fused(
                "scale = 0.5, mask = true, masked_rows = zero, rate = 0.2, stream = 3",
                ", %mask, %seed, %step"))
    }

    /// Someone else reads p, or the softmax runs along the queries, or the mask is too weak.
    @Test func leavesOthersAlone() throws {
        try expectUnchanged(
            FuseAttention(), operands,
            logits + "%p = softmax(%logits) {axis = 3}\n" + product + "\nreturn \"p\" = %p")
        try expectUnchanged(
            FuseAttention(), operands,
            logits + "%p = softmax(%logits) {axis = 3}\n" + product
                + "\nreturn \"logits\" = %logits")
        try expectUnchanged(
            FuseAttention(), operands,
            logits + "%p = softmax(%logits) {axis = 2}\n" + product)
    }
}
