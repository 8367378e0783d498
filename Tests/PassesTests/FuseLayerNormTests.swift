import MartletPasses
import Testing

struct FuseLayerNormTests {
    private let splats = """
        %w = constant() {dtype = f32, shape = [], elements = {4}}
        %width = broadcast_in_dim(%w) {shape = [n], dimensions = ()}
        %e = constant() {dtype = f32, shape = [], elements = {0.001}}
        %epsilon = broadcast_in_dim(%e) {shape = [n], dimensions = ()}

        """

    private let centred = """
        %s = reduce(%x) {kind = sum, axes = (1)}
        %mean = divide(%s, %width)
        %m = broadcast_in_dim(%mean) {shape = [n, 4], dimensions = (0)}
        %centred = subtract(%x, %m)

        """

    private let variance = """
        %square = multiply(%centred, %centred)
        %ss = reduce(%square) {kind = sum, axes = (1)}
        %variance = divide(%ss, %width)
        %sum = add(%variance, %epsilon)

        """

    @Test func reciprocalRootAndParameters() throws {
        try expectRewrite(
            FuseLayerNorm(), "x: f32[n, 4]; scale: f32[4]; offset: f32[4]",
            before: splats + centred + variance + """
                %rstd = rsqrt(%sum)
                %r = broadcast_in_dim(%rstd) {shape = [n, 4], dimensions = (0)}
                %normal = multiply(%centred, %r)
                %g = broadcast_in_dim(%scale) {shape = [n, 4], dimensions = (1)}
                %scaled = multiply(%g, %normal)
                %o = broadcast_in_dim(%offset) {shape = [n, 4], dimensions = (1)}
                %y = add(%scaled, %o)
                return "y" = %y
                """,
            after: """
                %y = layer_norm(%x, %scale, %offset) {epsilon = 0.001}
                return "y" = %y
                """)
    }

    @Test func divisionByRoot() throws {
        try expectRewrite(
            FuseLayerNorm(), "x: f32[n, 4]",
            before: splats + centred + variance + """
                %std = sqrt(%sum)
                %d = broadcast_in_dim(%std) {shape = [n, 4], dimensions = (0)}
                %y = divide(%centred, %d)
                return "y" = %y
                """,
            after: """
                %y = layer_norm(%x) {epsilon = 0.001, scale = false, offset = false}
                return "y" = %y
                """)
    }

    @Test func varianceFromMeanOfSquares() throws {
        try expectRewrite(
            FuseLayerNorm(), "x: f32[n, 4]",
            before: splats + centred + """
                %square = multiply(%x, %x)
                %ss = reduce(%square) {kind = sum, axes = (1)}
                %second = divide(%ss, %width)
                %first = multiply(%mean, %mean)
                %variance = subtract(%second, %first)
                %sum = add(%variance, %epsilon)
                %rstd = rsqrt(%sum)
                %r = broadcast_in_dim(%rstd) {shape = [n, 4], dimensions = (0)}
                %y = multiply(%centred, %r)
                return "y" = %y
                """,
            after: """
                %y = layer_norm(%x) {epsilon = 0.001, scale = false, offset = false}
                return "y" = %y
                """)
    }

    /// The norm alone is an output too: the scale stays outside.
    @Test func sharedNormKeepsItsScaleOutside() throws {
        try expectUnchanged(
            FuseLayerNorm(), "x: f32[n, 4]; scale: f32[4]",
            """
            %normal = layer_norm(%x) {epsilon = 0.001, scale = false, offset = false}
            %g = broadcast_in_dim(%scale) {shape = [n, 4], dimensions = (1)}
            %y = multiply(%normal, %g)
            return "normal" = %normal
            return "y" = %y
            """)
    }

    /// The sum of squares divided by another number than the width.
    @Test func leavesOthersAlone() throws {
        try expectUnchanged(
            FuseLayerNorm(), "x: f32[n, 4]",
            splats.replacing("{4}", with: "{3}") + centred + variance + """
                %rstd = rsqrt(%sum)
                %r = broadcast_in_dim(%rstd) {shape = [n, 4], dimensions = (0)}
                %y = multiply(%centred, %r)
                return "y" = %y
                """)
    }

    // MARK: Residuals

    @Test func residualAndDropout() throws {
        try expectRewrite(
            FuseResidualLayerNorm(),
            "x: f32[n, 4]; r: f32[n, 4]; scale: f32[4]; offset: f32[4]; seed: i64[]; step: i64[]",
            before: """
                %d = dropout(%x, %seed, %step) {rate = 0.1, stream = 2}
                %sum = add(%r, %d)
                %y = layer_norm(%sum, %scale, %offset) {epsilon = 0.001}
                return "y" = %y
                """,
            after: """
                %y = layer_norm(%x, %r, %scale, %offset, %seed, %step) \
                {epsilon = 0.001, residual = true, rate = 0.1, stream = 2}
                return "y" = %y
                """)
    }

    /// A pre-norm block: the sum goes on as the residual stream.
    @Test func sumWithLaterReadersIsTheFourthResult() throws {
        try expectRewrite(
            FuseResidualLayerNorm(), "x: f32[n, 4]; r: f32[n, 4]",
            before: """
                %sum = add(%r, %x)
                %y = layer_norm(%sum) {epsilon = 0.001, scale = false, offset = false}
                %t = tanh(%y)
                %next = add(%sum, %t)
                return "next" = %next
                return "sum" = %sum
                """,
            after: """
                %y = layer_norm(%x, %r) \
                {epsilon = 0.001, residual = true, scale = false, offset = false}
                %t = tanh(%y)
                %next = add(%y#3, %t)
                return "next" = %next
                return "sum" = %y#3
                """)
    }

    /// Someone reads the sum before the norm does; or the addend is a bias.
    @Test func residualLeavesOthersAlone() throws {
        try expectUnchanged(
            FuseResidualLayerNorm(), "x: f32[n, 4]; r: f32[n, 4]",
            """
            %sum = add(%r, %x)
            %t = tanh(%sum)
            %y = layer_norm(%sum) {epsilon = 0.001, scale = false, offset = false}
            return "t" = %t
            return "y" = %y
            """)
        try expectUnchanged(
            FuseResidualLayerNorm(), "x: f32[n, 4]; bias: f32[4]",
            """
            %b = broadcast_in_dim(%bias) {shape = [n, 4], dimensions = (1)}
            %sum = add(%x, %b)
            %y = layer_norm(%sum) {epsilon = 0.001, scale = false, offset = false}
            return "y" = %y
            """)
    }
}
