import MartletIR

/// Which matrix products run in the step of the bias that follows them.
struct ProductFusions {
    private var productOfBias: [Int: Int] = [:]
    private var fused: Set<Int> = []
    private var readElsewhere: Set<Int> = []

    init(_ graph: Graph) {
        var readers: [Int: [Int]] = [:]
        for (index, node) in graph.nodes.enumerated() {
            for operand in node.operands { readers[operand.node, default: []].append(index) }
        }
        let outputs = Set(graph.outputs.map(\.value.node))
        for (index, node) in graph.nodes.enumerated() {
            guard case .biasActivation = node.op, let product = node.operands.first?.node,
                case .dotGeneral(let dot) = graph.nodes[product].op,
                !fused.contains(product), !outputs.contains(product),
                Self.biasCoversColumns(dot, graph.nodes[product], node, graph),
                // Others who read the product (a gradient) must come after the bias's step.
                let first = readers[product]?.min(), first == index
            else { continue }
            productOfBias[index] = product
            fused.insert(product)
            if (readers[product]?.count ?? 0) > 1 { readElsewhere.insert(product) }
        }
    }

    func isFused(product: Int) -> Bool { fused.contains(product) }

    func product(ofBias node: Int) -> Int? { productOfBias[node] }

    /// Whether the product itself must be stored too.
    func isProductRead(_ product: Int) -> Bool { readElsewhere.contains(product) }

    /// Whether the bias has one element for each column of the product.
    private static func biasCoversColumns(
        _ dot: DotGeneral, _ product: Node, _ bias: Node, _ graph: Graph
    ) -> Bool {
        let rightRank = graph.type(of: product.operands[1]).rank
        return graph.type(of: bias.operands[1]).rank == dot.rightFree(rank: rightRank).count
    }
}
