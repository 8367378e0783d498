import MartletIR

/// The nodes of a graph that can run on packed positions, found from the mask of its attentions.
struct PackedRegion {
    enum Kind {
        case padded
        /// Position by position.
        case packed
        /// By the keys that a bool`[batch, sequence]` allows.
        case attention(mask: Value, packsQueries: Bool)
    }

    /// The input that says which positions are real.
    let source: Value
    /// `[batch, sequence]`
    let shape: Shape
    private(set) var kinds: [Kind]
    private let graph: Graph
    private let masks: PaddingMasks

    /// Nil where nothing is masked by a data input, no product would become smaller, or a position
    /// that is no longer computed could be seen.
    init?(_ graph: Graph) {
        guard let source = PaddingMasks.source(of: graph) else { return nil }
        self.graph = graph
        self.source = source
        shape = graph.type(of: source).shape
        masks = PaddingMasks(graph, source: source)
        kinds = Array(repeating: .padded, count: graph.nodes.count)
        var hasProduct = false
        for (index, node) in graph.nodes.enumerated() {
            if case .attention(let attention) = node.op {
                kinds[index] = kind(ofAttention: attention, node, index)
            } else if runsPerPosition(node) {
                kinds[index] = .packed
                if case .dotGeneral = node.op { hasProduct = true }
            }
        }
        guard hasProduct, graph.nodes.indices.contains(where: isAttention), !isDroppedSeen()
        else { return nil }
    }

    private func isAttention(_ node: Int) -> Bool {
        if case .attention = kinds[node] { true } else { false }
    }

    /// Whether a value is at hand packed.
    private func isPacked(_ value: Value) -> Bool {
        switch kinds[value.node] {
        case .padded: false
        case .packed: true
        case .attention(_, let packsQueries): packsQueries
        }
    }

    private func isSequence(_ value: Value) -> Bool { isSequence(graph.type(of: value).shape) }

    private func isSequence(_ other: Shape) -> Bool {
        other.rank >= 2 && other[0] == shape[0] && other[1] == shape[1]
    }

    // MARK: Position by position

    /// Whether an operand of a packed node has an entry for each position, rather than being the
    /// same for all.
    func isPerPosition(_ node: Node, operand: Int) -> Bool {
        switch node.op {
        case .unary, .binary, .compare, .select, .convert, .gelu, .concatenate: true
        case .embedding, .gather: operand == 1
        case .layerNorm(let norm): operand == 0 || norm.hasResidual && operand == 1
        default: operand == 0
        }
    }

    /// Whether a node does the same to every position, and has one that is packed to begin with or
    /// looks positions up.
    private func runsPerPosition(_ node: Node) -> Bool {
        guard node.types.allSatisfy({ isSequence($0.shape) }), !node.operands.isEmpty else {
            return false
        }
        var hasPacked = false
        for (index, operand) in node.operands.enumerated() {
            if isPerPosition(node, operand: index) {
                guard isSequence(operand) else { return false }
                hasPacked = hasPacked || isPacked(operand)
            } else if isPacked(operand) {
                return false
            }
        }
        guard leavesPositions(node) else { return false }
        switch node.op {
        case .embedding, .gather: return graph.type(of: node.operands[1]).rank == 2
        default: return hasPacked
        }
    }

    /// Whether the first two axes stay what they are.
    private func leavesPositions(_ node: Node) -> Bool {
        let rank = node.operands.first.map { graph.type(of: $0).rank } ?? 0
        switch node.op {
        case .unary, .binary, .compare, .select, .convert, .gelu, .embedding, .gather: return true
        // A position is a row of random numbers then.
        case .dropout(let op): return rank == 3 && op.rows == .all
        case .layerNorm(let op):
            return op.rate > 0 ? rank == 3 && op.rows == .all : rank >= 3
        case .biasActivation: return graph.type(of: node.operands[1]).rank <= rank - 2
        case .dotGeneral(let dot):
            return dot.leftBatch.isEmpty && dot.leftContracting.allSatisfy { $0 >= 2 }
        case .softmax(let op): return op.axis >= 2
        case .logSoftmax(let op): return op.axis >= 2
        case .reduce(let op): return op.axes.allSatisfy { $0 >= 2 }
        case .argMax(let op): return op.axis >= 2
        case .concatenate(let op): return op.axis >= 2
        case .reshape: return true
        case .transpose(let op): return op.permutation.prefix(2) == [0, 1]
        case .broadcastInDim(let op): return op.dimensions.prefix(2) == [0, 1]
        case .slice(let op):
            return op.starts.prefix(2) == [0, 0] && op.strides.prefix(2) == [1, 1]
        case .pad(let op):
            return [op.low, op.high, op.interior].allSatisfy { $0.prefix(2) == [0, 0] }
        default: return false
        }
    }

    private func kind(ofAttention op: Attention, _ node: Node, _ index: Int) -> Kind {
        let isLogSumRead =
            graph.nodes.contains { $0.operands.contains(Value(node: index, result: 1)) }
            || graph.outputs.contains { $0.value == Value(node: index, result: 1) }
        guard op.hasMask, !op.isCausal, !op.returnsScores, !isLogSumRead,
            let mask = masks.keyMask(node.operands[3]), isPacked(node.operands[1]),
            isPacked(node.operands[2])
        else { return .padded }
        return .attention(mask: mask, packsQueries: isPacked(node.operands[0]))
    }

    // MARK: What leaves the region

    /// Whether a reader that is not packed could tell which positions were left out.
    private func isDroppedSeen() -> Bool {
        let isSeenInOutput = graph.outputs.contains {
            isPacked($0.value) && !masks.isZeroWherePadded($0.value)
        }
        if isSeenInOutput { return true }
        return graph.nodes.indices.contains { index in
            guard case .padded = kinds[index] else { return false }
            let node = graph.nodes[index]
            return node.operands.contains { operand in
                isPacked(operand) && !takesFirstPosition(node)
                    && !masks.isZeroWherePadded(operand)
            }
        }
    }

    private func takesFirstPosition(_ node: Node) -> Bool {
        guard case .slice(let slice) = node.op else { return false }
        return slice.starts[1] == 0 && slice.limits[1] == 1
    }
}

/// What is known of the masks in a graph, all of one input that marks padding by zeros.
struct PaddingMasks {
    private let graph: Graph
    private let source: Value
    /// Values known to be 0 (or false) wherever the source is.
    private var zeros: Set<Value> = []

    /// The input behind the first attention's key mask.
    static func source(of graph: Graph) -> Value? {
        for node in graph.nodes {
            guard case .attention(let attention) = node.op, attention.hasMask,
                let mask = keyMask(node.operands[3], in: graph)
            else { continue }
            return nonzero(mask, in: graph)
        }
        return nil
    }

    init(_ graph: Graph, source: Value) {
        self.graph = graph
        self.source = source
        findZeros()
    }

    /// The bool`[batch, sequence]` behind a mask of attention's keys, if it is true exactly where
    /// the source is not 0.
    func keyMask(_ mask: Value) -> Value? {
        guard let inner = Self.keyMask(mask, in: graph),
            Self.nonzero(inner, in: graph) == source
        else { return nil }
        return inner
    }

    /// What `[batch, 1, 1, sequence]` was made of.
    private static func keyMask(_ mask: Value, in graph: Graph) -> Value? {
        let shape = graph.type(of: mask).shape
        guard shape.rank == 4, shape[1] == 1, shape[2] == 1 else { return nil }
        var value = mask
        while graph.type(of: value).rank != 2 {
            let node = graph.nodes[value.node]
            switch node.op {
            case .reshape: break
            case .broadcastInDim(let broadcast):
                let (inner, outer) = (graph.type(of: node.operands[0]).rank, broadcast.shape.rank)
                let ends = [broadcast.dimensions.first, broadcast.dimensions.last]
                guard inner >= 2, ends == [0, outer - 1] else { return nil }
            default: return nil
            }
            value = node.operands[0]
        }
        let isWhole = graph.type(of: value).shape == [shape[0], shape[3]]
        return isWhole && graph.type(of: value).dtype == .bool ? value : nil
    }

    /// The data input `[batch, sequence]` that a bool tells the nonzero elements of.
    private static func nonzero(_ mask: Value, in graph: Graph) -> Value? {
        let node = graph.nodes[mask.node]
        switch node.op {
        case .input(let input): return input.role == .data ? mask : nil
        case .convert(let convert) where convert.dtype == .bool:
            return number(node.operands[0], in: graph)
        case .compare(let compare) where compare.direction == .ne:
            if isZero(node.operands[1], in: graph) { return number(node.operands[0], in: graph) }
            return isZero(node.operands[0], in: graph)
                ? number(node.operands[1], in: graph) : nil
        default: return nil
        }
    }

    /// An input, perhaps as another type that keeps which elements are 0.
    private static func number(_ value: Value, in graph: Graph) -> Value? {
        let node = graph.nodes[value.node]
        switch node.op {
        case .input(let input): return input.role == .data ? value : nil
        case .convert(let convert) where convert.dtype.isFloat || convert.dtype == .i64:
            let dtype = graph.type(of: node.operands[0]).dtype
            return dtype.isFloat ? nil : number(node.operands[0], in: graph)
        default: return nil
        }
    }

    private static func isZero(_ value: Value, in graph: Graph) -> Bool {
        let node = graph.nodes[value.node]
        switch node.op {
        case .constant(let constant): return constant.literal.splat == 0
        case .broadcastInDim, .reshape: return isZero(node.operands[0], in: graph)
        default: return false
        }
    }

    // MARK: Zeros

    func isZeroWherePadded(_ value: Value) -> Bool { zeros.contains(value) }

    private mutating func findZeros() {
        for (index, node) in graph.nodes.enumerated() where isZero(node, Value(node: index)) {
            zeros.insert(Value(node: index))
        }
    }

    /// Whether a node is 0 at the positions that the source masks. Its first two axes are batch
    /// and sequence then.
    private func isZero(_ node: Node, _ value: Value) -> Bool {
        func isKnown(_ operand: Int) -> Bool { zeros.contains(node.operands[operand]) }
        switch node.op {
        case .input: return value == source
        case .convert, .unary(Unary(.negate)): return isKnown(0)
        case .compare: return Self.nonzero(value, in: graph) == source
        case .binary(let binary):
            switch binary.kind {
            case .multiply, .and: return isKnown(0) || isKnown(1)
            case .add, .subtract: return isKnown(0) && isKnown(1)
            default: return false
            }
        case .select: return isKnown(0) && Self.isZero(node.operands[2], in: graph)
        case .broadcastInDim(let broadcast):
            return isKnown(0) && broadcast.dimensions.prefix(2) == [0, 1]
                && keepsPositions(node)
        case .reshape: return isKnown(0) && keepsPositions(node)
        default: return false
        }
    }

    private func keepsPositions(_ node: Node) -> Bool {
        let (from, to) = (graph.type(of: node.operands[0]).shape, node.types[0].shape)
        return to.rank >= 2 && to.dimensions.prefix(2) == from.dimensions.prefix(2)
    }
}
