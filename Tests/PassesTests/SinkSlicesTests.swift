import GraphTestSupport
import MartletIR
import MartletPasses
import Testing

/// Each rule as text: the slice before, and where it is after.
struct SinkSlicesTests {
    /// A slice of one position of `[n, 6, …]`.
    private func slice(_ name: String, of value: String, _ rest: String...) -> String {
        let starts = ["0", "2"] + rest.map { _ in "0" }
        let limits = ["n", "3"] + rest
        return "%\(name) = slice(%\(value)) {starts = (\(starts.joined(separator: ", "))), "
            + "limits = [\(limits.joined(separator: ", "))]}\n"
    }

    private func expectSunk(
        _ inputs: ShortInputs, _ before: String, _ after: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        try expectRewrite(
            SinkSlices(), inputs, before: before, after: after, sourceLocation: sourceLocation)
    }

    @Test func elementwiseAndBroadcasts() throws {
        try expectSunk(
            "x: f32[n, 6, 4]; b: f32[4]; p: f32[6, 4]",
            """
            %bias = broadcast_in_dim(%b) {shape = [n, 6, 4], dimensions = (2)}
            %place = broadcast_in_dim(%p) {shape = [n, 6, 4], dimensions = (1, 2)}
            %sum = add(%x, %bias)
            %all = multiply(%sum, %place)
            %t = tanh(%all)
            \(slice("y", of: "t", "4"))return "y" = %y
            """,
            """
            %bias = broadcast_in_dim(%b) {shape = [n, 1, 4], dimensions = (2)}
            %row = slice(%p) {starts = (2, 0), limits = [3, 4]}
            %place = broadcast_in_dim(%row) {shape = [n, 1, 4], dimensions = (1, 2)}
            \(slice("part", of: "x", "4"))%sum = add(%part, %bias)
            %all = multiply(%sum, %place)
            %y = tanh(%all)
            return "y" = %y
            """)
    }

    @Test func compositesOfRows() throws {
        try expectSunk(
            "x: f32[n, 6, 4]; b: f32[4]; wide: f32[6, 4]",
            """
            %a = bias_activation(%x, %b) {activation = gelu}
            %w = bias_activation(%a, %wide) {activation = relu}
            %s = softmax(%w) {axis = 2}
            %g = gelu(%s) {approximate = false}
            %l = log_softmax(%g) {axis = 2}
            \(slice("y", of: "l", "4"))return "y" = %y
            """,
            """
            \(slice("part", of: "x", "4"))%a = bias_activation(%part, %b) {activation = gelu}
            %row = slice(%wide) {starts = (2, 0), limits = [3, 4]}
            %w = bias_activation(%a, %row) {activation = relu}
            %s = softmax(%w) {axis = 2}
            %g = gelu(%s) {approximate = false}
            %y = log_softmax(%g) {axis = 2}
            return "y" = %y
            """)
    }

    /// Left of a product, right of it, and a batch axis of both.
    @Test func products() throws {
        try expectSunk(
            "x: f32[n, 6, 4]; w: f32[4, 5]",
            """
            %p = dot_general(%x, %w) {left_contracting = (2), right_contracting = (0)}
            \(slice("y", of: "p", "5"))return "y" = %y
            """,
            """
            \(slice("part", of: "x", "4"))\
            %y = dot_general(%part, %w) {left_contracting = (2), right_contracting = (0)}
            return "y" = %y
            """)
        try expectSunk(
            "x: f32[n, 4]; w: f32[4, 6, 5]",
            """
            %p = dot_general(%x, %w) {left_contracting = (1), right_contracting = (0)}
            \(slice("y", of: "p", "5"))return "y" = %y
            """,
            """
            %part = slice(%w) {starts = (0, 2, 0), limits = [4, 3, 5]}
            %y = dot_general(%x, %part) {left_contracting = (1), right_contracting = (0)}
            return "y" = %y
            """)
        try expectSunk(
            "x: f32[6, n, 4]; w: f32[n, 4, 6]",
            """
            %p = dot_general(%x, %w) {left_batch = (1, 0), right_batch = (0, 2), \
            left_contracting = (2), right_contracting = (1)}
            %y = slice(%p) {starts = (0, 1), limits = [n, 4]}
            return "y" = %y
            """,
            """
            %left = slice(%x) {starts = (1, 0, 0), limits = [4, n, 4]}
            %right = slice(%w) {starts = (0, 0, 1), limits = [n, 4, 4]}
            %y = dot_general(%left, %right) {left_batch = (1, 0), right_batch = (0, 2), \
            left_contracting = (2), right_contracting = (1)}
            return "y" = %y
            """)
    }

    @Test func reductionsAndMovement() throws {
        try expectSunk(
            "x: f32[n, 4, 6]; z: f32[n, 6, 2]",
            """
            %t = transpose(%x) {permutation = (0, 2, 1)}
            %c = concatenate(%t, %z) {axis = 2}
            %zero = constant() {dtype = f32, shape = [], elements = {0}}
            %p = pad(%c, %zero) {low = (0, 0, 1), high = (0, 0, 1)}
            %r = reshape(%p) {shape = [n, 6, 2, 4]}
            %m = reduce(%r) {kind = max, axes = (2)}
            \(slice("y", of: "m", "4"))return "y" = %y
            """,
            """
            %part = slice(%x) {starts = (0, 0, 2), limits = [n, 4, 3]}
            %t = transpose(%part) {permutation = (0, 2, 1)}
            \(slice("other", of: "z", "2"))%c = concatenate(%t, %other) {axis = 2}
            %zero = constant() {dtype = f32, shape = [], elements = {0}}
            %p = pad(%c, %zero) {low = (0, 0, 1), high = (0, 0, 1)}
            %r = reshape(%p) {shape = [n, 1, 2, 4]}
            %y = reduce(%r) {kind = max, axes = (2)}
            return "y" = %y
            """)
        try expectSunk(
            "x: f32[n, 3, 6]",
            """
            %i = iota() {dtype = i32, shape = [n, 6], axis = 0}
            %a = arg_max(%x) {axis = 1}
            %sum = add(%a, %i)
            \(slice("y", of: "sum"))return "y" = %y
            """,
            """
            %i = iota() {dtype = i32, shape = [n, 1], axis = 0}
            %part = slice(%x) {starts = (0, 0, 2), limits = [n, 3, 3]}
            %a = arg_max(%part) {axis = 1}
            %y = add(%a, %i)
            return "y" = %y
            """)
    }

    /// The same elements are dropped: those of rows 2, 8, 14, ….
    @Test func dropoutAndLayerNorm() throws {
        try expectSunk(
            """
            x: f32[n, 6, 20]; r: f32[n, 6, 20]; a: f32[20]; b: f32[20]; seed: i64[]; step: i64[]
            """,
            """
            %d = dropout(%x, %seed, %step) {rate = 0.4, stream = 3}
            %y = layer_norm(%d, %r, %a, %b, %seed, %step) \
            {epsilon = 0.1, residual = true, rate = 0.3, stream = 4}
            \(slice("part", of: "y", "20"))\(slice("sum", of: "y#3", "20"))return "y" = %part
            return "sum" = %sum
            """,
            """
            \(slice("one", of: "x", "20"))%d = dropout(%one, %seed, %step) \
            {rate = 0.4, stream = 3, row_stride = [6], row_offset = 2}
            \(slice("two", of: "r", "20"))%y = layer_norm(%d, %two, %a, %b, %seed, %step) \
            {epsilon = 0.1, residual = true, rate = 0.3, stream = 4, row_stride = [6], \
            row_offset = 2}
            return "y" = %y
            return "sum" = %y#3
            """)
        try expectSunk(
            "x: f32[n, 20]; seed: i64[]; step: i64[]",
            """
            %bits = random_bits(%seed, %step) {shape = [2, n, 20], stream = 3}
            %y = slice(%bits) {starts = (0, 1, 0), limits = [2, 2, 20]}
            return "y" = %y
            """,
            """
            %y = random_bits(%seed, %step) \
            {shape = [2, 1, 20], stream = 3, row_stride = [n], row_offset = 1}
            return "y" = %y
            """)
    }

    @Test(arguments: ["n, 1, 1, 5", "1, 2, 6, 5"]) func attention(_ mask: String) throws {
        let variesByQuery = mask.contains("6")
        try expectSunk(
            ShortInputs(
                stringLiteral: """
                    q: f32[n, 6, 2, 4]; k: f32[n, 5, 2, 4]; v: f32[n, 5, 2, 3]; seed: i64[]; step: i64[]; \
                    mask: bool[\(mask)]
                    """),
            """
            %a = attention(%q, %k, %v, %mask, %seed, %step) \
            {scale = 0.5, mask = true, masked_rows = zero, rate = 0.4, stream = 3}
            \(slice("y", of: "a", "2", "3"))return "y" = %y
            """,
            """
            \(slice("part", of: "q", "2", "4"))\
            \(variesByQuery ? "%row = slice(%mask) {starts = (0, 0, 2, 0), limits = [1, 2, 3, 5]}" : "")
            %y = attention(%part, %k, %v, \(variesByQuery ? "%row" : "%mask"), %seed, %step) \
            {scale = 0.5, mask = true, masked_rows = zero, rate = 0.4, stream = 3, \
            row_stride = [6], row_offset = 2}
            return "y" = %y
            """)
    }

    /// A length that is known at run time only.
    @Test func symbolicAxis() throws {
        try expectSunk(
            "x: f32[2, n, 4]; w: f32[4, 5]; seed: i64[]; step: i64[]",
            """
            %p = dot_general(%x, %w) {left_contracting = (2), right_contracting = (0)}
            %d = dropout(%p, %seed, %step) {rate = 0.4, stream = 3}
            %s = slice(%d) {starts = (0, 0, 0), limits = [2, 1, 5]}
            %y = reshape(%s) {shape = [2, 5]}
            return "y" = %y
            """,
            """
            %part = slice(%x) {starts = (0, 0, 0), limits = [2, 1, 4]}
            %p = dot_general(%part, %w) {left_contracting = (2), right_contracting = (0)}
            %d = dropout(%p, %seed, %step) \
            {rate = 0.4, stream = 3, row_stride = [n], row_offset = 0}
            %y = reshape(%d) {shape = [2, 5]}
            return "y" = %y
            """)
    }

    /// A residual's x is read whole by others: there the slice stays, once for all who want it.
    @Test func stopsWhereAllIsRead() throws {
        try expectSunk(
            "x: f32[n, 6, 4]; w: f32[4, 4]",
            """
            %t = tanh(%x)
            %p = dot_general(%t, %w) {left_contracting = (2), right_contracting = (0)}
            %sum = add(%t, %p)
            \(slice("y", of: "sum", "4"))%all = reduce(%t) {kind = sum, axes = (1)}
            return "y" = %y
            return "all" = %all
            """,
            """
            %t = tanh(%x)
            \(slice("part", of: "t", "4"))\
            %p = dot_general(%part, %w) {left_contracting = (2), right_contracting = (0)}
            %y = add(%part, %p)
            %all = reduce(%t) {kind = sum, axes = (1)}
            return "y" = %y
            return "all" = %all
            """)
    }

    @Test(arguments: [
        // Read whole as well; read in different parts.
        "%t = tanh(%x) %0 = slice(%t) {starts = (0, 2, 0), limits = [n, 3, 4]} return \"t\" = %t",
        """
        %t = tanh(%x) %0 = slice(%t) {starts = (0, 2, 0), limits = [n, 3, 4]}
        %1 = slice(%t) {starts = (0, 1, 0), limits = [n, 2, 4]} return "t" = %1
        """,
        // Along the axis that is worked on.
        "%t = softmax(%x) {axis = 1} %0 = slice(%t) {starts = (0, 2, 0), limits = [n, 3, 4]}",
        "%t = layer_norm(%x) {epsilon = 0.1, scale = false, offset = false} "
            + "%0 = slice(%t) {starts = (0, 0, 2), limits = [n, 6, 3]}",
        "%t = concatenate(%x, %x) {axis = 1} "
            + "%0 = slice(%t) {starts = (0, 2, 0), limits = [n, 3, 4]}",
        // Rows of a reshape that are no part of one axis.
        "%t = reshape(%x) {shape = [n, 3, 8]} "
            + "%0 = slice(%t) {starts = (0, 2, 0), limits = [n, 3, 8]}",
        // Several rows, or columns, of what is dropped; every other row; two axes.
        "%t = dropout(%x, %seed, %step) {rate = 0.4, stream = 3} "
            + "%0 = slice(%t) {starts = (0, 2, 0), limits = [n, 4, 4]}",
        "%t = dropout(%x, %seed, %step) {rate = 0.4, stream = 3} "
            + "%0 = slice(%t) {starts = (0, 0, 2), limits = [n, 6, 3]}",
        "%t = tanh(%x) %0 = slice(%t) {starts = (0, 0, 0), limits = [n, 6, 4], strides = (1, 2, 1)}",
        "%t = tanh(%x) %0 = slice(%t) {starts = (0, 2, 1), limits = [n, 3, 2]}",
        // A query that knows its position.
        """
        %q = reshape(%x) {shape = [n, 6, 2, 2]} %a = attention(%q, %q, %q) {scale = 1, causal = true}
        %0 = slice(%a) {starts = (0, 2, 0, 0), limits = [n, 3, 2, 2]}
        """,
    ])
    func staysAsItIs(_ body: String) throws {
        try expectUnchanged(
            SinkSlices(), "x: f32[n, 6, 4]; seed: i64[]; step: i64[]", body + " return \"y\" = %0")
    }

    /// What has no readers must not be left with operands that shrank.
    @Test func deadReadersGo() throws {
        let graph = try parsed(
            "x: f32[n, 6, 4]",
            """
            %t = tanh(%x)
            %dead = add(%t, %t)
            \(slice("y", of: "t", "4"))return "y" = %y
            """)
        let result = try SinkSlices().run(graph)
        try Verifier.verify(result)
        #expect(result.nodes.count == 3)
    }

    @Test(arguments: [
        ("[0, 1]", "0", "row_stride [0, 1] must be one extent, such as [128]"),
        ("[n]", "-1", "row_offset -1 is outside 0...2⁴⁰"),
        ("[3298534883328]", "0", "row_stride [3298534883328] is no size, or above 2⁴⁰"),
    ])
    func rowsAreChecked(_ stride: String, _ offset: String, _ message: String) throws {
        let error = #expect(throws: (any Error).self) {
            try parsed(
                "x: f32[n, 4]; seed: i64[]; step: i64[]",
                "%d = dropout(%x, %seed, %step) {rate = 0.4, stream = 3, row_stride = \(stride), "
                    + "row_offset = \(offset)} return \"y\" = %d")
        }
        #expect("\(try #require(error))".contains(message), "\(String(describing: error))")
    }
}
