import GraphTestSupport
import MartletIR
import MartletPasses
import Testing

struct SimplificationTests {
    /// One rule a line: an expression over x, y, c (bool) and splats, and what is left of it.
    struct Rule: Sendable, CustomTestStringConvertible {
        var before: String
        var after: String
        var testDescription: String { before }

        init(_ before: String, _ after: String) {
            self.before = before
            self.after = after
        }
    }

    private static let inputs: ShortInputs = "x: f32[n, 4]; y: f32[n, 4]; c: bool[n, 4]"
    private static let splats = [("zero", "0"), ("one", "1"), ("two", "2")].map { name, number in
        """
        %\(name)_scalar = constant() {dtype = f32, shape = [], elements = {\(number)}}
        %\(name) = broadcast_in_dim(%\(name)_scalar) {shape = [n, 4], dimensions = ()}

        """
    }.joined()

    static let rules: [Rule] = [
        Rule("%z = add(%x, %zero)", "x"),
        Rule("%z = add(%zero, %x)", "x"),
        Rule("%z = subtract(%x, %zero)", "x"),
        Rule("%z = multiply(%x, %one)", "x"),
        Rule("%z = multiply(%one, %x)", "x"),
        Rule("%z = divide(%x, %one)", "x"),
        Rule("%z = power(%x, %one)", "x"),
        Rule("%z = maximum(%x, %x)", "x"),
        Rule("%z = minimum(%x, %x)", "x"),
        Rule("%a = negate(%x)\n%z = negate(%a)", "x"),
        Rule("%a = not(%c)\n%z = not(%a)", "c"),
        Rule("%z = and(%c, %c)", "c"),
        Rule("%z = or(%c, %c)", "c"),
        Rule("%z = select(%c, %x, %x)", "x"),
        Rule("%z = convert(%x) {to = f32}", "x"),
        Rule("%z = reshape(%x) {shape = [n, 4]}", "x"),
        Rule("%z = transpose(%x) {permutation = (0, 1)}", "x"),
        Rule("%z = broadcast_in_dim(%x) {shape = [n, 4], dimensions = (0, 1)}", "x"),
        Rule("%z = slice(%x) {starts = (0, 0), limits = [n, 4]}", "x"),
        Rule("%z = pad(%x, %zero_scalar) {low = (0, 0), high = (0, 0)}", "x"),
        Rule("%z = concatenate(%x) {axis = 1}", "x"),
        Rule("%z = reduce(%x) {kind = sum, axes = ()}", "x"),
        Rule("%a = abs(%x)\n%z = abs(%a)", "abs(%x)"),
        Rule("%a = negate(%y)\n%z = add(%x, %a)", "subtract(%x, %y)"),
        Rule("%a = negate(%y)\n%z = subtract(%x, %a)", "add(%x, %y)"),
        Rule("%z = subtract(%zero, %x)", "negate(%x)"),
        Rule(
            "%a = reshape(%x) {shape = [4*n]}\n%z = reshape(%a) {shape = [2, 2*n]}",
            "reshape(%x) {shape = [2, 2*n]}"),
        Rule(
            "%a = transpose(%x) {permutation = (1, 0)}\n"
                + "%z = transpose(%a) {permutation = (1, 0)}", "x"),
        Rule(
            "%a = broadcast_in_dim(%x) {shape = [n, 4, 2], dimensions = (0, 1)}\n"
                + "%z = broadcast_in_dim(%a) {shape = [n, 4, 3, 2], dimensions = (0, 1, 3)}",
            "broadcast_in_dim(%x) {shape = [n, 4, 3, 2], dimensions = (0, 1)}"),
    ]

    @Test(arguments: rules)
    func ruleHolds(_ rule: Rule) throws {
        let after =
            rule.after.count == 1
            ? "return \"z\" = %\(rule.after)" : "%z = \(rule.after)\nreturn \"z\" = %z"
        try expectRewrite(
            SimplifyAlgebra(), Self.inputs,
            before: Self.splats + rule.before + "\nreturn \"z\" = %z", after: after)
    }

    /// What is equal for most numbers only: NaN, infinities and -0 forbid it.
    @Test(arguments: [
        "%z = multiply(%x, %zero)", "%z = subtract(%x, %x)", "%z = divide(%x, %x)",
        "%z = multiply(%x, %two)", "%z = power(%x, %zero)", "%z = add(%x, %y)",
        "%z = transpose(%x) {permutation = (1, 0)}", "%z = select(%c, %x, %y)",
    ])
    func noRuleFires(_ body: String) throws {
        let splats = body.contains("zero") || body.contains("two") ? Self.splats : ""
        try expectUnchanged(SimplifyAlgebra(), Self.inputs, splats + body + "\nreturn \"z\" = %z")
    }

    @Test func constantsFold() throws {
        try expectRewrite(
            FoldConstants(), "x: f32[n]",
            before: """
                %a = constant() {dtype = f32, shape = [2], elements = {1, 2}}
                %b = constant() {dtype = f32, shape = [2], elements = {3}}
                %c = multiply(%a, %b)
                %t = constant() {dtype = f32, shape = [], elements = {2}}
                %two = broadcast_in_dim(%t) {shape = [n], dimensions = ()}
                %four = multiply(%two, %two)
                %z = add(%x, %four)
                return "c" = %c
                return "z" = %z
                """,
            after: """
                %c = constant() {dtype = f32, shape = [2], elements = {3, 6}}
                %f = constant() {dtype = f32, shape = [], elements = {4}}
                %four = broadcast_in_dim(%f) {shape = [n], dimensions = ()}
                %z = add(%x, %four)
                return "c" = %c
                return "z" = %z
                """)
    }

    /// Too large to store, or not constant.
    @Test func largeConstantsStay() throws {
        try expectUnchanged(
            FoldConstants(elementLimit: 3), "x: f32[n]",
            """
            %a = constant() {dtype = f32, shape = [2, 2], elements = {1, 2, 3, 4}}
            %b = negate(%a)
            %z = negate(%x)
            return "b" = %b
            return "z" = %z
            """)
    }

    @Test func equalNodesAreSharedAndDeadOnesRemoved() throws {
        try expectRewrite(
            ShareCommonSubexpressions(), "x: f32[n]; seed: i64[]; step: i64[]",
            before: """
                %a = tanh(%x)
                %b = tanh(%x)
                %d = dropout(%a, %seed, %step) {rate = 0.5, stream = 1}
                %e = dropout(%b, %seed, %step) {rate = 0.5, stream = 1}
                %f = dropout(%b, %seed, %step) {rate = 0.5, stream = 2}
                %s = add(%d, %e)
                %z = add(%s, %f)
                return "z" = %z
                """,
            after: """
                %a = tanh(%x)
                %d = dropout(%a, %seed, %step) {rate = 0.5, stream = 1}
                %f = dropout(%a, %seed, %step) {rate = 0.5, stream = 2}
                %s = add(%d, %d)
                %z = add(%s, %f)
                return "z" = %z
                """)
        try expectUnchanged(
            EliminateDeadCode(), "x: f32[n]; unused: f32[3]",
            """
            %z = tanh(%x)
            return "z" = %z
            """)
    }
}
