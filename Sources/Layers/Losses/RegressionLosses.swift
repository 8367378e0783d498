import MartletIR

/// A mean over the last axis of a function of label and output.
struct RegressionLoss: LossFunction {
    enum Kind: String, Sendable {
        case squared = "mean_squared_error"
        case absolute = "mean_absolute_error"
        case absolutePercentage = "mean_absolute_percentage_error"
        case squaredLogarithmic = "mean_squared_logarithmic_error"
        case logCosh = "log_cosh"
        case poisson
        case hinge
        case squaredHinge = "squared_hinge"
    }

    let kind: Kind

    init(_ kind: Kind) { self.kind = kind }

    var name: String { kind.rawValue }
    var labelKind: LabelKind { .likeOutput }

    func elements(labels y: Value, output p: Value, in b: GraphBuilder) throws -> LossElements {
        LossElements(try b.meanOfLastAxis(losses(y, p, b)))
    }

    private func losses(_ y: Value, _ p: Value, _ b: GraphBuilder) throws -> Value {
        let type = b.type(of: p)
        let epsilon = try b.splat(GraphBuilder.epsilon, type)
        switch kind {
        case .squared: return try b.square(b.subtract(p, y))
        case .absolute: return try b.unary(.abs, b.subtract(p, y))
        case .absolutePercentage:
            let size = try b.maximum(b.unary(.abs, y), epsilon)
            return try b.multiply(b.unary(.abs, b.divide(b.subtract(y, p), size)), 100)
        case .squaredLogarithmic:
            let first = try b.unary(.log, b.add(b.maximum(p, epsilon), 1))
            let second = try b.unary(.log, b.add(b.maximum(y, epsilon), 1))
            return try b.square(b.subtract(first, second))
        case .logCosh:
            // log cosh x = x + softplus(-2x) - log 2
            let x = try b.subtract(p, y)
            return try b.add(b.add(x, b.softplus(b.multiply(x, -2))), -0.693147180559945309)
        case .poisson:
            return try b.subtract(p, b.multiply(y, b.unary(.log, b.add(p, epsilon))))
        case .hinge: return try margin(y, p, b)
        case .squaredHinge: return try b.square(margin(y, p, b))
        }
    }

    /// `max(0, 1 - label · output)`; labels that are all 0 or 1 mean -1 and 1.
    private func margin(_ y: Value, _ p: Value, _ b: GraphBuilder) throws -> Value {
        let type = b.type(of: y)
        let (zero, one) = (try b.splat(0, type), try b.splat(1, type))
        let isBit = try b.binary(.or, b.compare(.eq, y, zero), b.compare(.eq, y, one))
        let allBits = try b.reduce(.and, isBit, axes: Array(0..<type.rank))
        let signs = try b.add(b.multiply(y, 2), -1)
        let target = try b.select(b.repeated(allBits, like: y), signs, y)
        return try b.maximum(b.subtract(1, b.multiply(target, p)), b.splat(0, b.type(of: p)))
    }
}

/// `½ e²` for errors up to delta, `delta · |e| - ½ delta²` beyond, averaged over the last axis
/// (Huber, 1964).
struct HuberLoss: LossFunction {
    var delta: Double

    var name: String { "huber" }
    var labelKind: LabelKind { .likeOutput }

    func elements(labels: Value, output: Value, in b: GraphBuilder) throws -> LossElements {
        let error = try b.subtract(output, labels)
        let size = try b.unary(.abs, error)
        let isSmall = try b.compare(.le, size, b.splat(delta, b.type(of: size)))
        let linear = try b.add(b.multiply(size, delta), -0.5 * delta * delta)
        let losses = try b.select(isSmall, b.multiply(b.square(error), 0.5), linear)
        return LossElements(try b.meanOfLastAxis(losses))
    }
}

extension Loss {
    /// `(output - label)²`, averaged over the last axis.
    public static let meanSquaredError = meanSquaredError()
    /// `|output - label|`, averaged over the last axis.
    public static let meanAbsoluteError = meanAbsoluteError()

    /// `(output - label)²`, averaged over the last axis.
    public static func meanSquaredError(reduction: LossReduction = .sumOverBatchSize) -> Loss {
        Loss(RegressionLoss(.squared), reduction: reduction)
    }

    /// `|output - label|`, averaged over the last axis.
    public static func meanAbsoluteError(reduction: LossReduction = .sumOverBatchSize) -> Loss {
        Loss(RegressionLoss(.absolute), reduction: reduction)
    }

    /// `100 · |label - output| / max(|label|, 1e-7)`, averaged over the last axis.
    public static let meanAbsolutePercentageError = Loss(RegressionLoss(.absolutePercentage))
    /// `(log(1 + output) - log(1 + label))²`, negatives taken as 1e-7, averaged over the last axis.
    public static let meanSquaredLogarithmicError = Loss(RegressionLoss(.squaredLogarithmic))
    /// `log cosh(output - label)`, averaged over the last axis.
    public static let logCosh = Loss(RegressionLoss(.logCosh))
    /// `output - label · log(output + 1e-7)`, averaged over the last axis.
    public static let poisson = Loss(RegressionLoss(.poisson))
    /// `max(0, 1 - label · output)`, averaged over the last axis; labels are -1 and 1, or 0 and 1.
    public static let hinge = Loss(RegressionLoss(.hinge))
    /// `max(0, 1 - label · output)²`, averaged over the last axis.
    public static let squaredHinge = Loss(RegressionLoss(.squaredHinge))

    /// Squared for errors up to `delta`, linear beyond.
    public static func huber(
        delta: Double = 1, reduction: LossReduction = .sumOverBatchSize
    ) -> Loss {
        Loss(HuberLoss(delta: delta), reduction: reduction)
    }
}
