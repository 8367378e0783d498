import MartletPasses
import Testing

struct FuseActivationTests {
    /// The splat constants of a shape, by name.
    private func splats(_ numbers: [String: Double], _ shape: String) -> String {
        numbers.sorted { $0.key < $1.key }.map { name, number in
            """
            %\(name)_scalar = constant() {dtype = f32, shape = [], elements = {\(number)}}
            %\(name) = broadcast_in_dim(%\(name)_scalar) {shape = \(shape), dimensions = ()}

            """
        }.joined()
    }

    @Test(arguments: [
        // Half of x times the gate; x times half the gate; the gate halved by a division.
        """
        %h = multiply(%x, %half)
        %y = multiply(%h, %gate)
        """,
        """
        %h = multiply(%gate, %half)
        %y = multiply(%x, %h)
        """,
        """
        %h = multiply(%x, %gate)
        %y = multiply(%h, %half)
        """,
        """
        %h = divide(%gate, %two)
        %y = multiply(%h, %x)
        """,
    ])
    func exactGelu(_ ending: String) throws {
        let numbers: [String: Double] = ["root": 0.5.squareRoot(), "one": 1, "half": 0.5, "two": 2]
        try expectRewrite(
            FuseGelu(), "x: f32[n, 4]",
            before: splats(numbers, "[n, 4]") + """
                %u = multiply(%x, %root)
                %erf = erf(%u)
                %gate = add(%erf, %one)
                \(ending)
                return "y" = %y
                """,
            after: """
                %y = gelu(%x) {approximate = false}
                return "y" = %y
                """)
    }

    @Test(arguments: [
        // √(2/π) · (x + 0.044715 · x³), the cube as products or as a power; x · (1 + …x²).
        """
        %square = multiply(%x, %x)
        %cube = multiply(%square, %x)
        %c = multiply(%cube, %weight)
        %sum = add(%x, %c)
        %u = multiply(%sum, %root)
        """,
        """
        %cube = power(%x, %three)
        %c = multiply(%weight, %cube)
        %sum = add(%c, %x)
        %u = multiply(%root, %sum)
        """,
        """
        %square = multiply(%x, %x)
        %c = multiply(%square, %weight)
        %sum = add(%c, %one)
        %v = multiply(%x, %root)
        %u = multiply(%v, %sum)
        """,
    ])
    func approximateGelu(_ inner: String) throws {
        let numbers: [String: Double] = [
            "root": (2 / Double.pi).squareRoot(), "one": 1, "half": 0.5, "weight": 0.044715,
            "three": 3,
        ]
        try expectRewrite(
            FuseGelu(), "x: f32[n, 4]",
            before: splats(numbers, "[n, 4]") + """
                \(inner)
                %tanh = tanh(%u)
                %gate = add(%one, %tanh)
                %h = multiply(%x, %half)
                %y = multiply(%h, %gate)
                return "y" = %y
                """,
            after: """
                %y = gelu(%x) {approximate = true}
                return "y" = %y
                """)
    }

    /// Another factor, another argument, another constant.
    @Test(arguments: [
        ("0.7071067811865476", "%x", "0.25"), ("0.7071067811865476", "%z", "0.5"),
        ("0.7", "%x", "0.5"),
    ])
    func geluLeavesOthersAlone(_ root: String, _ argument: String, _ half: String) throws {
        let numbers: [String: Double] = [
            "root": Double(root) ?? 0, "one": 1, "half": Double(half) ?? 0,
        ]
        try expectUnchanged(
            FuseGelu(), "x: f32[n, 4]; z: f32[n, 4]",
            splats(numbers, "[n, 4]") + """
                %u = multiply(\(argument), %root)
                %erf = erf(%u)
                %gate = add(%erf, %one)
                %h = multiply(%x, %half)
                %y = multiply(%h, %gate)
                return "y" = %y
                """)
    }

    private let dense = """
        %p = dot_general(%x, %w) {left_contracting = (1), right_contracting = (0)}
        %b = broadcast_in_dim(%bias) {shape = [n, 3], dimensions = (1)}
        %z = add(%p, %b)

        """

    @Test(arguments: [
        ("relu", "%y = maximum(%z, %zero)"),
        ("relu", "%m = compare(%z, %zero) {direction = gt}\n%y = select(%m, %z, %zero)"),
        ("tanh", "%y = tanh(%z)"),
        ("logistic", "%y = logistic(%z)"), ("gelu", "%y = gelu(%z) {approximate = false}"),
        ("gelu_approximate", "%y = gelu(%z) {approximate = true}"),
        ("silu", "%g = logistic(%z)\n%y = multiply(%g, %z)"),
        ("identity", "%y = reshape(%z) {shape = [n, 3]}"),
    ])
    func biasAndActivation(_ name: String, _ activation: String) throws {
        let ending =
            name == "identity"
            ? "%y = reshape(%z) {shape = [n, 3]}\nreturn \"y\" = %y" : "return \"y\" = %z"
        try expectRewrite(
            FuseBiasActivation(), "x: f32[n, 4]; w: f32[4, 3]; bias: f32[3]",
            before: splats(["zero": 0], "[n, 3]") + dense + activation + "\nreturn \"y\" = %y",
            after: """
                %p = dot_general(%x, %w) {left_contracting = (1), right_contracting = (0)}
                %z = bias_activation(%p, %bias) {activation = \(name)}
                \(ending)
                """)
    }

    /// Others read the sum too: only the bias is fused.
    @Test func sharedSumKeepsItsOwnNode() throws {
        try expectRewrite(
            FuseBiasActivation(), "x: f32[n, 4]; w: f32[4, 3]; bias: f32[3]",
            before: dense + """
                %y = tanh(%z)
                return "y" = %y
                return "z" = %z
                """,
            after: """
                %p = dot_general(%x, %w) {left_contracting = (1), right_contracting = (0)}
                %z = bias_activation(%p, %bias) {activation = identity}
                %y = tanh(%z)
                return "y" = %y
                return "z" = %z
                """)
    }

    /// Another comparison, or another value where it fails.
    @Test(arguments: [("ge", "zero"), ("lt", "zero"), ("gt", "one")])
    func selectOfAnotherKindIsNoReLU(_ direction: String, _ other: String) throws {
        let splats = splats(["zero": 0].merging([other: other == "one" ? 1 : 0]) { $1 }, "[n, 3]")
        let ending = """
            %m = compare(%z, %zero) {direction = \(direction)}
            %y = select(%m, %z, %\(other))
            return "y" = %y
            """
        try expectRewrite(
            FuseBiasActivation(), "x: f32[n, 4]; w: f32[4, 3]; bias: f32[3]",
            before: splats + dense + ending,
            after: splats + """
                %p = dot_general(%x, %w) {left_contracting = (1), right_contracting = (0)}
                %z = bias_activation(%p, %bias) {activation = identity}

                """ + ending)
    }

    /// The addend is no bias, or what it is added to no product.
    @Test func biasLeavesOthersAlone() throws {
        try expectUnchanged(
            FuseBiasActivation(), "x: f32[n, 4]; bias: f32[4]",
            """
            %b = broadcast_in_dim(%bias) {shape = [n, 4], dimensions = (1)}
            %z = add(%x, %b)
            return "z" = %z
            """)
        try expectUnchanged(
            FuseBiasActivation(), "x: f32[n, 4]; w: f32[4, 3]; rows: f32[n]",
            """
            %p = dot_general(%x, %w) {left_contracting = (1), right_contracting = (0)}
            %b = broadcast_in_dim(%rows) {shape = [n, 3], dimensions = (0)}
            %z = add(%p, %b)
            return "z" = %z
            """)
    }

    @Test func dropoutOfRandomBits() throws {
        let keep = 1 / (1 - 0.3)
        try expectRewrite(
            FuseDropout(), "x: f32[n, 4]; seed: i64[]; step: i64[]",
            before: splats(["zero": 0, "factor": keep], "[n, 4]") + """
                %bits = random_bits(%seed, %step) {shape = [n, 4], stream = 7}
                %t = constant() {dtype = i32, shape = [], elements = {19661}}
                %threshold = broadcast_in_dim(%t) {shape = [n, 4], dimensions = ()}
                %kept = compare(%bits, %threshold) {direction = ge}
                %scaled = multiply(%x, %factor)
                %y = select(%kept, %scaled, %zero)
                return "y" = %y
                """,
            after: """
                %y = dropout(%x, %seed, %step) {rate = 0.3, stream = 7}
                return "y" = %y
                """)
        // A factor that belongs to another rate.
        try expectUnchanged(
            FuseDropout(), "x: f32[n, 4]; seed: i64[]; step: i64[]",
            splats(["zero": 0, "factor": 2], "[n, 4]") + """
                %bits = random_bits(%seed, %step) {shape = [n, 4], stream = 7}
                %t = constant() {dtype = i32, shape = [], elements = {19661}}
                %threshold = broadcast_in_dim(%t) {shape = [n, 4], dimensions = ()}
                %kept = compare(%bits, %threshold) {direction = ge}
                %scaled = multiply(%x, %factor)
                %y = select(%kept, %scaled, %zero)
                return "y" = %y
                """)
    }
}
