import MartletIR

/// Appends the gradient of a scalar output with respect to inputs (reverse mode).
///
/// Adds one output `gradient/NAME` for each input asked for; an input the loss does not depend on
/// gets zeros. Composites bring their own rule; one without is replaced, in the backward part
/// only, by its decomposition. The nodes added carry the layer path of the node they come from.
///
/// Must run after the fusion passes, so that fused ops are differentiated by their own rules.
public struct Differentiate: Pass {
    /// The name of the scalar output to differentiate.
    public var loss: String
    /// The inputs to differentiate by; nil for every input of role `parameter`.
    public var inputs: [String]?

    public init(loss: String = "loss", inputs: [String]? = nil) {
        self.loss = loss
        self.inputs = inputs
    }

    public var name: String { "differentiate" }

    /// The output that holds the gradient by an input.
    public static func gradientName(of input: String) -> String { "gradient/" + input }

    public func run(_ graph: Graph) throws -> Graph {
        guard let output = graph.outputs.first(where: { $0.name == loss }) else {
            throw GraphError(op: name, message: "there is no output \"\(loss)\" to differentiate")
        }
        let type = graph.type(of: output.value)
        guard type.rank == 0, type.dtype.isFloat else {
            throw GraphError(
                op: name,
                message: "output \"\(loss)\": expected a float scalar, received \(type)")
        }
        let targets = try targetNodes(in: graph)
        var rewriter = GraphRewriter(graph)
        rewriter.copy()
        let builder = rewriter.builder
        var sweep = BackwardSweep(builder: builder, targets: targets.map(\.node))
        let one = try builder.splat(1, type)
        try sweep.add(one, to: output.value)
        try sweep.run(0..<graph.nodes.count)
        for target in targets {
            let value = Value(node: target.node)
            let gradient =
                try sweep.cotangents[value] ?? builder.splat(0, graph.type(of: value))
            builder.output(Self.gradientName(of: target.name), gradient)
        }
        return try rewriter.finish()
    }

    private func targetNodes(in graph: Graph) throws -> [(name: String, node: Int)] {
        var found: [(name: String, node: Int)] = []
        for node in graph.inputs {
            guard let input = graph.input(at: node) else { continue }
            let isTarget = inputs?.contains(input.inputName) ?? (input.role == .parameter)
            if isTarget { found.append((input.inputName, node)) }
        }
        if let missing = inputs?.first(where: { name in !found.contains { $0.name == name } }) {
            throw GraphError(op: name, message: "there is no input \"\(missing)\"")
        }
        return found
    }
}

/// Walks nodes backwards, turning cotangents of results into cotangents of operands.
private struct BackwardSweep {
    let builder: GraphBuilder
    /// The sum of the cotangents that have reached each value so far.
    var cotangents: [Value: Value] = [:]
    /// Whether any target is among a node's ancestors; grows with the builder.
    private var isActive: [Bool] = []
    private let targets: Set<Int>

    init(builder: GraphBuilder, targets: [Int]) {
        self.builder = builder
        self.targets = Set(targets)
    }

    mutating func add(_ cotangent: Value, to value: Value) throws {
        guard let sum = cotangents[value] else {
            cotangents[value] = cotangent
            return
        }
        cotangents[value] = try builder.add(sum, cotangent)
    }

    /// Marks the nodes appended since the last call.
    private mutating func updateActivity() {
        for index in isActive.count..<builder.nodes.count {
            isActive.append(
                targets.contains(index)
                    || builder.nodes[index].operands.contains { isActive[$0.node] })
        }
    }

    mutating func run(_ range: Range<Int>) throws {
        updateActivity()
        for index in range.reversed() where isActive[index] {
            let node = builder.nodes[index]
            let results = node.types.indices.map { Value(node: index, result: $0) }
            let received = results.map { cotangents[$0] }
            guard received.contains(where: { $0 != nil }) else { continue }
            builder.path = node.path
            switch node.op.operation.gradient {
            case .zero: continue
            case .expand: try expand(node, results, received)
            case .rule(let rule):
                let context = GradientContext(
                    builder: builder, operands: node.operands, results: results,
                    cotangents: received)
                guard let gradients = try rule(context) else {
                    try expand(node, results, received)
                    continue
                }
                for (operand, gradient) in zip(node.operands, gradients) {
                    guard let gradient, isActive[operand.node] else { continue }
                    try add(gradient, to: operand)
                }
            }
        }
    }

    /// Differentiates a composite through its decomposition, recomputed here.
    private mutating func expand(
        _ node: Node, _ results: [Value], _ received: [Value?]
    ) throws {
        guard let composite = node.op.composite else {
            throw GraphError(
                path: node.path, op: node.op.name, message: "has no gradient rule")
        }
        let start = builder.nodes.count
        let meaning = try composite.decompose(node.operands, in: builder)
        let end = builder.nodes.count
        for (value, cotangent) in zip(meaning, received) {
            if let cotangent { try add(cotangent, to: value) }
        }
        try run(start..<end)
    }
}
