import MartletPasses
import Testing

struct FuseSoftmaxTests {
    @Test func softmaxOfPrimitives() throws {
        try expectRewrite(
            FuseSoftmax(), "x: f32[n, 4, 3]",
            before: """
                %max = reduce(%x) {kind = max, axes = (1)}
                %m = broadcast_in_dim(%max) {shape = [n, 4, 3], dimensions = (0, 2)}
                %s = subtract(%x, %m)
                %e = exponential(%s)
                %sum = reduce(%e) {kind = sum, axes = (1)}
                %d = broadcast_in_dim(%sum) {shape = [n, 4, 3], dimensions = (0, 2)}
                %y = divide(%e, %d)
                return "y" = %y
                """,
            after: """
                %y = softmax(%x) {axis = 1}
                return "y" = %y
                """)
    }

    @Test func softmaxWithAxisKept() throws {
        try expectRewrite(
            FuseSoftmax(), "x: f32[n, 4]",
            before: """
                %max = reduce(%x) {kind = max, axes = (1)}
                %kept = reshape(%max) {shape = [n, 1]}
                %m = broadcast_in_dim(%kept) {shape = [n, 4], dimensions = (0, 1)}
                %s = subtract(%x, %m)
                %e = exponential(%s)
                %sum = reduce(%e) {kind = sum, axes = (1)}
                %keptSum = reshape(%sum) {shape = [n, 1]}
                %d = broadcast_in_dim(%keptSum) {shape = [n, 4], dimensions = (0, 1)}
                %y = divide(%e, %d)
                return "y" = %y
                """,
            after: """
                %y = softmax(%x) {axis = 1}
                return "y" = %y
                """)
    }

    @Test func logSoftmaxOfPrimitives() throws {
        try expectRewrite(
            FuseSoftmax(), "x: f32[n, 4]",
            before: """
                %max = reduce(%x) {kind = max, axes = (1)}
                %m = broadcast_in_dim(%max) {shape = [n, 4], dimensions = (0)}
                %s = subtract(%x, %m)
                %e = exponential(%s)
                %sum = reduce(%e) {kind = sum, axes = (1)}
                %log = log(%sum)
                %d = broadcast_in_dim(%log) {shape = [n, 4], dimensions = (0)}
                %y = subtract(%s, %d)
                return "y" = %y
                """,
            after: """
                %y = log_softmax(%x) {axis = 1}
                return "y" = %y
                """)
    }

    @Test func logarithmOfSoftmax() throws {
        try expectRewrite(
            FuseSoftmax(), "x: f32[n, 4]",
            before: """
                %p = softmax(%x) {axis = 1}
                %y = log(%p)
                return "p" = %p
                return "y" = %y
                """,
            after: """
                %p = softmax(%x) {axis = 1}
                %y = log_softmax(%x) {axis = 1}
                return "p" = %p
                return "y" = %y
                """)
    }

    /// The divisor sums another exponential, or other axes than the maximum's.
    @Test func leavesOthersAlone() throws {
        try expectUnchanged(
            FuseSoftmax(), "x: f32[n, 4]",
            """
            %max = reduce(%x) {kind = max, axes = (1)}
            %m = broadcast_in_dim(%max) {shape = [n, 4], dimensions = (0)}
            %s = subtract(%x, %m)
            %e = exponential(%s)
            %other = exponential(%x)
            %sum = reduce(%other) {kind = sum, axes = (1)}
            %d = broadcast_in_dim(%sum) {shape = [n, 4], dimensions = (0)}
            %y = divide(%e, %d)
            return "y" = %y
            """)
        try expectUnchanged(
            FuseSoftmax(), "x: f32[3, 3]",
            """
            %max = reduce(%x) {kind = max, axes = (1)}
            %m = broadcast_in_dim(%max) {shape = [3, 3], dimensions = (0)}
            %s = subtract(%x, %m)
            %e = exponential(%s)
            %sum = reduce(%e) {kind = sum, axes = (0)}
            %d = broadcast_in_dim(%sum) {shape = [3, 3], dimensions = (1)}
            %y = divide(%e, %d)
            return "y" = %y
            """)
        try expectUnchanged(
            FuseSoftmax(), "x: f32[3, 3]",
            """
            %max = reduce(%x) {kind = max, axes = (1)}
            %m = broadcast_in_dim(%max) {shape = [3, 3], dimensions = (0)}
            %s = subtract(%x, %m)
            %e = exponential(%s)
            %sum = reduce(%e) {kind = sum, axes = (1)}
            %d = broadcast_in_dim(%sum) {shape = [3, 3], dimensions = (1)}
            %y = divide(%e, %d)
            return "y" = %y
            """)
    }

    @Test func crossEntropyOfLogSoftmax() throws {
        try expectRewrite(
            FuseSoftmaxCrossEntropy(), "x: f32[n, 4]; labels: i32[n]",
            before: """
                %logs = log_softmax(%x) {axis = 1}
                %classes = iota() {dtype = i32, shape = [n, 4], axis = 1}
                %l = broadcast_in_dim(%labels) {shape = [n, 4], dimensions = (0)}
                %hot = compare(%classes, %l) {direction = eq}
                %0 = constant() {dtype = f32, shape = [], elements = {0}}
                %zero = broadcast_in_dim(%0) {shape = [n, 4], dimensions = ()}
                %chosen = select(%hot, %logs, %zero)
                %sum = reduce(%chosen) {kind = sum, axes = (1)}
                %y = negate(%sum)
                return "y" = %y
                """,
            after: """
                %y = softmax_cross_entropy(%x, %labels)
                return "y" = %y
                """)
        try expectRewrite(
            FuseSoftmaxCrossEntropy(), "x: f32[n, 4]; labels: i32[n]",
            before: """
                %logs = log_softmax(%x) {axis = 1}
                %classes = iota() {dtype = i32, shape = [n, 4], axis = 1}
                %l = broadcast_in_dim(%labels) {shape = [n, 4], dimensions = (0)}
                %hot = compare(%l, %classes) {direction = eq}
                %weights = convert(%hot) {to = f32}
                %chosen = multiply(%weights, %logs)
                %sum = reduce(%chosen) {kind = sum, axes = (1)}
                %y = negate(%sum)
                return "y" = %y
                """,
            after: """
                %y = softmax_cross_entropy(%x, %labels)
                return "y" = %y
                """)
    }

    /// Every class but the label's, or the label along another axis.
    @Test func crossEntropyLeavesOthersAlone() throws {
        try expectUnchanged(
            FuseSoftmaxCrossEntropy(), "x: f32[4, 4]; labels: i32[4]",
            """
            %logs = log_softmax(%x) {axis = 1}
            %classes = iota() {dtype = i32, shape = [4, 4], axis = 1}
            %l = broadcast_in_dim(%labels) {shape = [4, 4], dimensions = (0)}
            %hot = compare(%classes, %l) {direction = ne}
            %weights = convert(%hot) {to = f32}
            %chosen = multiply(%weights, %logs)
            %sum = reduce(%chosen) {kind = sum, axes = (1)}
            %y = negate(%sum)
            return "y" = %y
            """)
        try expectUnchanged(
            FuseSoftmaxCrossEntropy(), "x: f32[4, 4]; labels: i32[4]",
            """
            %logs = log_softmax(%x) {axis = 0}
            %classes = iota() {dtype = i32, shape = [4, 4], axis = 1}
            %l = broadcast_in_dim(%labels) {shape = [4, 4], dimensions = (0)}
            %hot = compare(%classes, %l) {direction = eq}
            %weights = convert(%hot) {to = f32}
            %chosen = multiply(%weights, %logs)
            %sum = reduce(%chosen) {kind = sum, axes = (1)}
            %y = negate(%sum)
            return "y" = %y
            """)
    }
}
