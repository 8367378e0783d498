/// One step of Adam (Kingma and Ba, 2015, arXiv 1412.6980), with decoupled weight decay
/// (Loshchilov and Hutter, 2019, arXiv 1711.05101):
///
///     w ← w - decay · w                              (if decayed)
///     g ← g · scale                                  (if scaled)
///     m ← m + (g - m) · (1 - beta1)
///     v ← v + (g² - v) · (1 - beta2)                 (or squares in place of g²)
///     w ← w - stepSize · m / (√v + epsilon)
///
/// The bias corrections are in the two scalars, so one op serves Keras
/// (`stepSize = lr·√(1-beta2ᵗ)/(1-beta1ᵗ)`, constant epsilon) and PyTorch (the same stepSize,
/// `epsilon·√(1-beta2ᵗ)`).
///
/// Operands: w, g, m, v, stepSize, epsilon; then, where the attributes say so, squares (of w's
/// type), scale and decay. stepSize, epsilon, scale and decay are scalars. Results: w, m, v.
public struct AdamUpdate: CompositeOperation {
    public var beta1: Double
    public var beta2: Double
    public var hasDecay: Bool
    /// Whether gradients are multiplied by a scalar first: the factor of a clipped global norm.
    public var hasScale: Bool
    /// Whether something else than g² is averaged: `EmbeddingAdamUpdate` says what for.
    public var hasSquares: Bool

    public init(
        beta1: Double, beta2: Double, hasDecay: Bool = false, hasScale: Bool = false,
        hasSquares: Bool = false
    ) {
        self.beta1 = beta1
        self.beta2 = beta2
        self.hasDecay = hasDecay
        self.hasScale = hasScale
        self.hasSquares = hasSquares
    }

    public init(reading attributes: inout AttributeReader) throws {
        self.init(
            beta1: try attributes.number("beta1"), beta2: try attributes.number("beta2"),
            hasDecay: try attributes.boolean("decay", default: false),
            hasScale: try attributes.boolean("scale", default: false),
            hasSquares: try attributes.boolean("squares", default: false))
    }

    public var name: String { "adam_update" }
    public var attributes: [Attribute] {
        [
            Attribute("beta1", .number(beta1)), Attribute("beta2", .number(beta2)),
            Attribute("decay", .boolean(hasDecay)), Attribute("scale", .boolean(hasScale)),
            Attribute("squares", .boolean(hasSquares)),
        ]
    }
    public var gradient: GradientRule { .zero }

    public func resultTypes(_ operands: [TensorType]) throws -> [TensorType] {
        try TypeMismatch.requireCount(operands, operandCount)
        let scalar = operands[0].with(shape: .scalar)
        for (index, label) in [(1, "gradient"), (2, "first moment"), (3, "second moment")] {
            try TypeMismatch.requireSame(label, operands[0], operands[index])
        }
        if let squaresOperand {
            try TypeMismatch.requireSame("squares", operands[0], operands[squaresOperand])
        }
        for (index, label) in [
            (4, "step size"), (5, "epsilon"), (scaleOperand, "scale"), (decayOperand, "decay"),
        ] {
            guard let index else { continue }
            try TypeMismatch.requireSame(label, scalar, operands[index])
        }
        return [operands[0], operands[0], operands[0]]
    }

    public func decompose(_ operands: [Value], in b: GraphBuilder) throws -> [Value] {
        let weight = try b.decayed(operands[0], by: decayOperand.map { operands[$0] })
        var g = operands[1]
        if let scaleOperand { g = try b.multiply(g, b.repeated(operands[scaleOperand], like: g)) }
        let (m, v) = (operands[2], operands[3])
        let squares = try squaresOperand.map { operands[$0] } ?? b.multiply(g, g)
        let newM = try b.add(m, b.multiply(b.subtract(g, m), 1 - beta1))
        let newV = try b.add(v, b.multiply(b.subtract(squares, v), 1 - beta2))
        let root = try b.add(b.unary(.sqrt, newV), b.repeated(operands[5], like: weight))
        let move = try b.divide(b.multiply(newM, b.repeated(operands[4], like: weight)), root)
        return [try b.subtract(weight, move), newM, newV]
    }
}

extension AdamUpdate {
    /// Where the operands are that not every update has.
    package var squaresOperand: Int? { hasSquares ? 6 : nil }
    package var scaleOperand: Int? { hasScale ? 6 + (hasSquares ? 1 : 0) : nil }
    package var decayOperand: Int? { hasDecay ? operandCount - 1 : nil }

    private var operandCount: Int { 6 + [hasSquares, hasScale, hasDecay].count { $0 } }
}

/// `AdamUpdate` of a table whose rows are looked up, from what each look-up adds to its row: the
/// table's gradient, as large as the table itself, need not exist.
///
///     g[r] = Σ dy[i] over the positions i with ids[i] = r          (`embedding_gradient`)
///     squares[r] = Σ dy[i]² if look-ups count apart, else g[r]²
///
/// Look-ups counted apart are what Keras on TensorFlow does, whose sparse gradients are squared
/// before those of one row are added up. Every row is updated, also those nobody looked up.
///
/// Operands: w `[rows, width]`, ids (integer), dy `[ids…, width]`, m, v, stepSize, epsilon, and
/// decay if decayed (all three scalars). Results: w, m, v.
public struct EmbeddingAdamUpdate: CompositeOperation {
    public var beta1: Double
    public var beta2: Double
    /// Whether the squares of the look-ups of one row are added, not its gradient squared.
    public var countsLookupsApart: Bool
    public var hasDecay: Bool

    public init(beta1: Double, beta2: Double, countsLookupsApart: Bool, hasDecay: Bool = false) {
        self.beta1 = beta1
        self.beta2 = beta2
        self.countsLookupsApart = countsLookupsApart
        self.hasDecay = hasDecay
    }

    public init(reading attributes: inout AttributeReader) throws {
        self.init(
            beta1: try attributes.number("beta1"), beta2: try attributes.number("beta2"),
            countsLookupsApart: try attributes.boolean("apart"),
            hasDecay: try attributes.boolean("decay", default: false))
    }

    public var name: String { "embedding_adam_update" }
    public var attributes: [Attribute] {
        [
            Attribute("beta1", .number(beta1)), Attribute("beta2", .number(beta2)),
            Attribute("apart", .boolean(countsLookupsApart)),
            Attribute("decay", .boolean(hasDecay)),
        ]
    }
    public var gradient: GradientRule { .zero }

    public func resultTypes(_ operands: [TensorType]) throws -> [TensorType] {
        try TypeMismatch.requireCount(operands, hasDecay ? 8 : 7)
        let table = operands[0]
        try TypeMismatch.require(
            table.rank == 2 && table.shape[0].fixed != nil,
            "the table must have rank 2 and a fixed number of rows, received \(table)")
        let expected = try Gather().resultTypes([table, operands[1]])[0]
        try TypeMismatch.requireSame("cotangent", expected, operands[2])
        let dense = [table, table] + operands.dropFirst(3)
        return try denseUpdate(hasSquares: false).resultTypes(dense)
    }

    public func decompose(_ operands: [Value], in b: GraphBuilder) throws -> [Value] {
        guard let rowCount = b.type(of: operands[0]).shape[0].fixed else { return [] }
        let (ids, dy) = (operands[1], operands[2])
        func sum(_ rows: Value) throws -> Value {
            try b.append(
                .embeddingGradient(EmbeddingGradient(rowCount: rowCount)), [ids, rows])[0]
        }
        let squares = try countsLookupsApart ? [sum(b.multiply(dy, dy))] : []
        let dense = try [operands[0], sum(dy)] + operands[3...6] + squares + operands.dropFirst(7)
        return try b.append(.adamUpdate(denseUpdate(hasSquares: countsLookupsApart)), dense)
    }

    private func denseUpdate(hasSquares: Bool) -> AdamUpdate {
        AdamUpdate(beta1: beta1, beta2: beta2, hasDecay: hasDecay, hasSquares: hasSquares)
    }
}
