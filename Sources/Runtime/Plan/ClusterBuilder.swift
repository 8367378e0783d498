import MartletIR

/// Decides which elementwise nodes run inside their consumer, and grows the clusters.
struct ClusterBuilder {
    private let graph: Graph
    /// Whether a node has no step of its own but is computed by the one node that reads it.
    private(set) var isInlined: [Bool]
    /// For a sum that runs together with the cluster which makes its operand, the operand's node.
    private var summedNode: [Int: Int] = [:]

    init(_ graph: Graph) {
        self.graph = graph
        isInlined = [Bool](repeating: false, count: graph.nodes.count)
        let uses = graph.useCounts()
        // How many instructions the cluster of a node would hold.
        var sizes = [Int](repeating: 1, count: graph.nodes.count)
        for (index, node) in graph.nodes.enumerated() where node.op.isElementwise {
            for operand in node.operands {
                let producer = graph.nodes[operand.node]
                guard producer.op.isElementwise, uses[operand.node] == 1,
                    producer.types[0].shape == node.types[0].shape,
                    sizes[index] + sizes[operand.node] <= Cluster.instructionLimit
                else { continue }
                isInlined[operand.node] = true
                sizes[index] += sizes[operand.node]
            }
        }
        for (index, node) in graph.nodes.enumerated() where isWholeSum(node) {
            let operand = node.operands[0].node
            guard graph.nodes[operand].op.isElementwise, uses[operand] == 1 else { continue }
            isInlined[operand] = true
            summedNode[index] = operand
        }
    }

    /// Whether a node adds up all elements of a float32 tensor, which must fit the address space
    /// even though it is not stored: offsets into it are computed.
    private func isWholeSum(_ node: Node) -> Bool {
        guard case .reduce(let reduce) = node.op, reduce.kind == .sum else { return false }
        let type = graph.type(of: node.operands[0])
        return type.dtype == .f32 && node.types[0].dtype == .f32 && type.rank > 0
            && reduce.axes.count == type.rank
            && type.shape.boundByteCount(of: .f32) != nil
    }

    /// The cluster whose elements a node sums up in its own step, and the graph values it reads.
    func clusterSummed(by index: Int) -> (cluster: Cluster, operands: [Value])? {
        summedNode[index].map { cluster(of: $0) }
    }

    /// The cluster that computes a node, and the graph values it reads, in operand order.
    func cluster(of root: Int) -> (cluster: Cluster, operands: [Value]) {
        var growth = Growth(
            graph: graph, isInlined: isInlined, shape: graph.nodes[root].types[0].shape)
        let result = growth.register(for: Value(node: root), isRoot: true)
        return growth.finish(result: result)
    }

    private struct Growth {
        let graph: Graph
        let isInlined: [Bool]
        let shape: Shape
        var leaves: [Cluster.Leaf] = []
        var operands: [Value] = []
        /// Arguments refer to leaves by their index and to instructions by `-1 - index`, until
        /// the number of leaves is known.
        var instructions: [Cluster.Instruction] = []

        mutating func register(for value: Value, isRoot: Bool = false) -> Int {
            let node = graph.nodes[value.node]
            guard isRoot || isInlined[value.node], node.op.isElementwise else {
                return leaf(for: value)
            }
            let arguments = node.operands.map { register(for: $0) }
            instructions.append(
                Cluster.Instruction(op: node.op, arguments: arguments, dtype: node.types[0].dtype))
            return -instructions.count
        }

        private mutating func leaf(for value: Value) -> Int {
            let leaf = view(of: value)
            if let index = leaves.firstIndex(of: leaf) { return index }
            leaves.append(leaf)
            return leaves.count - 1
        }

        /// Looks through broadcasts, splats and iotas to what is really read.
        private mutating func view(of value: Value) -> Cluster.Leaf {
            var value = value
            var axes: [Int?] = Array(0..<shape.rank)
            while case .broadcastInDim(let broadcast) = graph.nodes[value.node].op {
                let source = graph.nodes[value.node].operands[0]
                let sourceShape = graph.type(of: source).shape
                axes = axes.map { axis in
                    guard let axis, let from = broadcast.dimensions.firstIndex(of: axis) else {
                        return nil
                    }
                    return sourceShape[from] == broadcast.shape[axis] ? from : nil
                }
                value = source
            }
            let node = graph.nodes[value.node]
            if case .constant(let constant) = node.op, let splat = constant.literal.splat {
                return .immediate(splat, node.types[0].dtype)
            }
            if case .iota(let iota) = node.op {
                guard let axis = axes.firstIndex(of: iota.axis) else {
                    return .immediate(0, node.types[0].dtype)
                }
                return .iota(axis: axis, node.types[0].dtype)
            }
            let operand = operands.firstIndex(of: value) ?? operands.count
            if operand == operands.count { operands.append(value) }
            return .operand(operand, axes: axes)
        }

        func finish(result: Int) -> (Cluster, [Value]) {
            let resolved = instructions.map { instruction in
                var instruction = instruction
                instruction.arguments = instruction.arguments.map {
                    $0 < 0 ? leaves.count - 1 - $0 : $0
                }
                return instruction
            }
            return (Cluster(shape: shape, leaves: leaves, instructions: resolved), operands)
        }
    }
}
