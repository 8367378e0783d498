import MartletIR

/// Runs what happens to each position of a padded batch on the positions that are no padding.
///
/// Before: embeddings, products, activations, norms and attention on `[batch, sequence, …]`, where a
/// data input masks the keys of every attention
/// After: the same on `[tokens, …]`, between `pack_tokens` and `unpack_tokens`; each attention is a
/// `packed_attention`
///
/// Values at the positions that are kept are equal, and so is whatever depends on them alone. The
/// padded run has some numbers in the others, this one zeros: so nothing is packed where they would
/// be seen, in an output that is a whole sequence, say, or an unmasked mean over one. The first
/// position of each row is always kept, and a value multiplied by the mask is 0 in both.
///
/// The symbol `tokens` is counted from the mask before a run. Masks need not be a suffix of each row:
/// rows keep what lies before their last unmasked position, and the mask stays.
///
/// Must run after `fuse-attention` and `fuse-residual-layer-norm`, and before `differentiate`.
public struct PackPadding: Pass {
    public init() {}

    public var name: String { "pack-padding" }

    public func run(_ graph: Graph) throws -> Graph {
        guard let region = PackedRegion(graph) else { return graph }
        var rewriter = PackingRewriter(graph, region)
        return try rewriter.run()
    }
}

/// Builds the graph anew with a region packed.
private struct PackingRewriter {
    private let graph: Graph
    private let region: PackedRegion
    private let builder: GraphBuilder
    /// From the old graph's values to the new one's: as they were, and packed.
    private var padded: [Value: Value] = [:]
    private var packed: [Value: Value] = [:]
    private var indices = Value(node: 0)
    private var offsets = Value(node: 0)
    private let tokens: Dimension

    init(_ graph: Graph, _ region: PackedRegion) {
        self.graph = graph
        self.region = region
        builder = GraphBuilder(name: graph.name)
        let names = Set(graph.symbols.map(\.name))
        var name = "tokens"
        while names.contains(name) { name += "_packed" }
        let bound = region.shape.elementCount.bound ?? 0
        tokens = Dimension(Symbol(name, bound: bound))
    }

    mutating func run() throws -> Graph {
        // The mask may come after what it packs.
        builder.path = graph.nodes[region.source.node].path
        record(builder.copy(graph.nodes[region.source.node], operands: []), of: region.source.node)
        let source = try paddedValue(region.source)
        let packing = try builder.append(.packIndices(PackIndices([tokens])), [source])
        (indices, offsets) = (packing[0], packing[1])
        for (index, node) in graph.nodes.enumerated() where index != region.source.node {
            builder.path = node.path
            switch region.kinds[index] {
            case .padded:
                let operands = try node.operands.map { try paddedValue($0) }
                record(builder.copy(node, operands: operands), of: index)
            case .packed:
                for (result, value) in try packedNode(node).enumerated() {
                    packed[Value(node: index, result: result)] = value
                }
            case .attention(let mask, let packsQueries):
                let results = try attention(node, mask, packsQueries)
                if packsQueries {
                    packed[Value(node: index)] = results[0]
                } else {
                    record(results, of: index)
                }
            }
        }
        for output in graph.outputs {
            builder.output(output.name, try paddedValue(output.value), updates: output.updates)
        }
        return try builder.build()
    }

    private mutating func record(_ values: [Value], of node: Int) {
        for (result, value) in values.enumerated() {
            padded[Value(node: node, result: result)] = value
        }
    }

    private mutating func paddedValue(_ value: Value) throws -> Value {
        if let known = padded[value] { return known }
        guard let inner = packed[value] else {
            throw GraphError(
                op: "pack-padding", message: "a value is read before it is made")
        }
        let made = try builder.append(
            .unpackTokens(UnpackTokens(region.shape)), inner, indices)
        padded[value] = made
        return made
    }

    private mutating func packedValue(_ value: Value) throws -> Value {
        if let known = packed[value] { return known }
        let made: Value
        let node = graph.nodes[value.node]
        if case .broadcastInDim(let broadcast) = node.op,
            broadcast.dimensions.allSatisfy({ $0 >= 2 })
        {
            // The same for all positions.
            made = try builder.broadcastInDim(
                paddedValue(node.operands[0]), packedShape(broadcast.shape),
                dimensions: broadcast.dimensions.map { $0 - 1 })
        } else {
            made = try builder.append(.packTokens(PackTokens()), paddedValue(value), indices)
        }
        packed[value] = made
        return made
    }

    /// `[tokens, r…]` for `[batch, sequence, r…]`.
    private func packedShape(_ shape: Shape) -> Shape {
        Shape([tokens] + shape.dimensions.dropFirst(2))
    }

    private mutating func packedNode(_ node: Node) throws -> [Value] {
        let operands = try node.operands.enumerated().map { index, operand in
            region.isPerPosition(node, operand: index)
                ? try packedValue(operand) : try paddedValue(operand)
        }
        let op = packedOp(node.op)
        return try builder.append(op, operands + (op.drawsByIndex ? [indices] : []))
    }

    /// The op with the first two axes made one.
    private func packedOp(_ op: Op) -> Op {
        func dropped(_ numbers: [Int]) -> [Int] { Array(numbers.dropFirst()) }
        switch op {
        case .dotGeneral(var dot):
            dot.leftContracting = dot.leftContracting.map { $0 - 1 }
            return .dotGeneral(dot)
        case .broadcastInDim(let broadcast):
            return .broadcastInDim(
                BroadcastInDim(
                    shape: packedShape(broadcast.shape),
                    dimensions: [0] + broadcast.dimensions.dropFirst(2).map { $0 - 1 }))
        case .reshape(let reshape): return .reshape(Reshape(packedShape(reshape.shape)))
        case .transpose(let transpose):
            return .transpose(
                Transpose([0] + transpose.permutation.dropFirst(2).map { $0 - 1 }))
        case .slice(let slice):
            return .slice(
                Slice(
                    starts: dropped(slice.starts), limits: packedShape(slice.limits),
                    strides: dropped(slice.strides)))
        case .pad(let pad):
            return .pad(
                Pad(
                    low: dropped(pad.low), high: dropped(pad.high),
                    interior: dropped(pad.interior)))
        case .concatenate(let op): return .concatenate(Concatenate(axis: op.axis - 1))
        case .reduce(let op): return .reduce(Reduce(op.kind, axes: op.axes.map { $0 - 1 }))
        // The same random numbers as in the padded tensor.
        case .dropout(var op):
            op.rows = .indexed
            return .dropout(op)
        case .layerNorm(var op) where op.rate > 0:
            op.rows = .indexed
            return .layerNorm(op)
        case .argMax(let op): return .argMax(ArgMax(axis: op.axis - 1))
        case .softmax(let op): return .softmax(Softmax(axis: op.axis - 1))
        case .logSoftmax(let op): return .logSoftmax(LogSoftmax(axis: op.axis - 1))
        default: return op
        }
    }

    private mutating func attention(
        _ node: Node, _ mask: Value, _ packsQueries: Bool
    ) throws -> [Value] {
        guard case .attention(let attention) = node.op else { return [] }
        let operands = node.operands
        let query = packsQueries ? try packedValue(operands[0]) : try paddedValue(operands[0])
        return try builder.append(
            .packedAttention(PackedAttention(attention, packsQueries: packsQueries)),
            [
                query, packedValue(operands[1]), packedValue(operands[2]), paddedValue(mask),
                indices, offsets,
            ] + operands.dropFirst(4).map { try paddedValue($0) })
    }
}

extension Op {
    /// Whether the last operand names the rows of random numbers.
    fileprivate var drawsByIndex: Bool {
        switch self {
        case .dropout(let dropout): dropout.rows.isIndexed
        case .layerNorm(let norm): norm.rate > 0 && norm.rows.isIndexed
        default: false
        }
    }
}
