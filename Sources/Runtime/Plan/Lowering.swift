import MartletIR
import MartletMemoryPlan

extension Plan {
    /// Turns a graph into a plan: clusters elementwise nodes, orders the steps for little memory,
    /// and packs every value into one arena.
    ///
    /// - Throws: `GraphError` or `MemoryPlanError` where a size overflows.
    public init(_ graph: Graph) throws {
        var lowering = Lowering(graph)
        try lowering.lower()
        let order = StepOrder(
            lowering.steps, buffers: lowering.buffers, outputs: lowering.outputs.map(\.value)
        ).best()
        // Steps that wait for each other would otherwise be left out.
        guard order.count == lowering.steps.count else {
            throw GraphError(
                path: graph.name, message: "some of the plan's steps would each have to run first")
        }
        var steps = order.map { lowering.steps[$0] }
        steps += lowering.finalCopies
        let layout = try ArenaLayout(steps: steps, buffers: lowering.buffers, kept: lowering.kept)
        name = graph.name
        self.steps = steps
        buffers = layout.buffers
        inputs = lowering.inputs
        outputs = lowering.outputs
        symbols = graph.symbols
        memory = layout.memory
        slicing = nil
    }
}

/// From nodes to steps and buffers, before order and offsets are known.
struct Lowering {
    private let graph: Graph
    private let clusters: ClusterBuilder
    /// For a matrix product that runs within a bias's step, the bias's node.
    private let productFusions: ProductFusions
    private(set) var steps: [PlanStep] = []
    /// Arena buffers have offset 0 until they are laid out.
    private(set) var buffers: [PlanBuffer] = []
    private(set) var inputs: [PlanInput] = []
    private(set) var outputs: [PlanOutput] = []
    /// Steps that copy an update into its input, after all others.
    private(set) var finalCopies: [PlanStep] = []
    /// Buffers that must last until the end of a run.
    private(set) var kept: Set<Int> = []

    private var places: [Value: PlanValue] = [:]
    /// Where an output updates an input in place, the input's buffer.
    private var updateBuffers: [Value: Int] = [:]
    private var isUsed: Set<Value> = []
    /// The node whose result an output stores into an input, by the input's node.
    private var updaterOfInput: [Int: Int] = [:]

    init(_ graph: Graph) {
        self.graph = graph
        clusters = ClusterBuilder(graph)
        productFusions = ProductFusions(graph)
        for node in graph.nodes { isUsed.formUnion(node.operands) }
        for output in graph.outputs { isUsed.insert(output.value) }
        let updaters = Dictionary(
            graph.outputs.compactMap { output in output.updates.map { ($0, output.value.node) } },
            uniquingKeysWith: { first, _ in first })
        for node in graph.inputs {
            if let input = graph.input(at: node) {
                updaterOfInput[node] = updaters[input.inputName]
            }
        }
    }

    mutating func lower() throws {
        for index in graph.inputs { try lowerInput(index) }
        chooseUpdatesInPlace()
        let materialized = materializedNodes()
        for index in graph.nodes.indices where materialized[index] { try lowerNode(index) }
        try lowerOutputs()
    }

    // MARK: What needs a step

    /// Views, splats and inlined nodes exist only inside their consumers, unless someone needs
    /// them in memory.
    private func materializedNodes() -> [Bool] {
        var isNeeded = [Bool](repeating: false, count: graph.nodes.count)
        for output in graph.outputs { isNeeded[output.value.node] = true }
        for index in graph.nodes.indices.reversed() where isNeeded[index] {
            let node = graph.nodes[index]
            if let summed = clusters.clusterSummed(by: index) {
                for operand in summed.operands { isNeeded[operand.node] = true }
            } else if node.op.isElementwise || isLazy(node) {
                for operand in clusters.cluster(of: index).operands {
                    isNeeded[operand.node] = true
                }
            } else {
                for operand in node.operands { isNeeded[operand.node] = true }
            }
        }
        return isNeeded
    }

    /// Nodes a cluster can read without their being in memory.
    private func isLazy(_ node: Node) -> Bool {
        switch node.op {
        case .broadcastInDim, .iota: true
        default: false
        }
    }

    private mutating func lowerInput(_ index: Int) throws {
        guard let input = graph.input(at: index) else { return }
        let buffer = try addBuffer(input.inputName, input.type, .input)
        inputs.append(PlanInput(input: input, buffer: buffer))
        places[Value(node: index)] = PlanValue(buffer: buffer, type: input.type)
    }

    private mutating func lowerNode(_ index: Int) throws {
        let node = graph.nodes[index]
        switch node.op {
        case .input: return
        case .constant(let constant):
            let buffer = try addBuffer("constant", node.types[0], .constant(constant.literal))
            places[Value(node: index)] = PlanValue(buffer: buffer, type: node.types[0])
        case .reshape:
            guard let place = places[node.operands[0]] else { throw missing(node) }
            places[Value(node: index)] = PlanValue(buffer: place.buffer, type: node.types[0])
        case .broadcastInDim, .iota, .unary, .binary, .compare, .select, .convert, .gelu:
            let (cluster, operands) = clusters.cluster(of: index)
            try addStep(.cluster(cluster), node, index, operands: operands)
        case .reduce:
            let summed = clusters.clusterSummed(by: index)
            try addStep(
                summed.map { .sum($0.cluster) } ?? .op(node.op), node, index,
                operands: summed?.operands ?? node.operands)
        case .dotGeneral where productFusions.isFused(product: index): return
        case .biasActivation(let bias):
            if let product = productFusions.product(ofBias: index) {
                try addProductStep(bias, node, index, product: product)
            } else {
                try addStep(.op(node.op), node, index, operands: node.operands)
            }
        default:
            try addStep(.op(node.op), node, index, operands: node.operands)
        }
    }

    private mutating func addStep(
        _ work: PlanStep.Work, _ node: Node, _ index: Int, operands: [Value]
    ) throws {
        let results = try node.types.indices.map { result in
            try place(ofResult: Value(node: index, result: result))
        }
        steps.append(
            PlanStep(
                work: work, operands: try operands.map { try place(of: $0, for: node) },
                results: results, path: node.path))
    }

    /// A product whose bias and activation are done in the same step.
    private mutating func addProductStep(
        _ bias: BiasActivation, _ node: Node, _ index: Int, product: Int
    ) throws {
        guard case .dotGeneral(let dot) = graph.nodes[product].op else { return }
        let operands = graph.nodes[product].operands + [node.operands[1]]
        let places = try operands.map { try place(of: $0, for: node) }
        let y = try place(ofResult: Value(node: index))
        let saved =
            productFusions.isProductRead(product)
            ? try place(ofResult: Value(node: product)) : nil
        steps.append(
            PlanStep(
                work: .product(BiasedProduct(product: dot, activation: bias.activation)),
                operands: places, results: [y, saved], path: node.path))
    }

    private func place(of operand: Value, for node: Node) throws -> PlanValue {
        guard let place = places[operand] else { throw missing(node) }
        return place
    }

    /// A new place for a result, or nil if nobody reads it.
    private mutating func place(ofResult value: Value) throws -> PlanValue? {
        guard isUsed.contains(value) else { return nil }
        let node = graph.nodes[value.node]
        let type = node.types[value.result]
        let name = node.path.isEmpty ? node.op.name : node.path + "/" + node.op.name
        let buffer = try updateBuffers[value] ?? addBuffer(name, type, .arena(byteOffset: 0))
        let place = PlanValue(buffer: buffer, type: type)
        places[value] = place
        return place
    }

    private mutating func addBuffer(
        _ name: String, _ type: TensorType, _ storage: PlanBuffer.Storage
    ) throws -> Int {
        guard let byteCount = type.shape.boundByteCount(of: type.dtype) else {
            throw GraphError(
                path: name, message: "\(type) at its bounds does not fit the address space")
        }
        buffers.append(PlanBuffer(name: name, byteCount: byteCount, storage: storage))
        return buffers.count - 1
    }

    private func missing(_ node: Node) -> GraphError {
        GraphError(path: node.path, op: node.op.name, message: "an operand has no place in memory")
    }

    // MARK: Outputs and updates

    /// An optimizer update writes over the weight it reads, if no one after it reads the old one.
    private mutating func chooseUpdatesInPlace() {
        let bufferOfInput = Dictionary(
            uniqueKeysWithValues: inputs.map { ($0.input.inputName, $0.buffer) })
        for output in graph.outputs {
            guard let target = output.updates, let buffer = bufferOfInput[target],
                graph.nodes[output.value.node].op.updatesInPlace,
                graph.nodes[output.value.node].operands.contains(where: { operand in
                    graph.input(at: operand.node)?.inputName == target
                }),
                !isRead(afterNode: output.value.node), !readsAnotherUpdated(output.value.node)
            else { continue }
            updateBuffers[output.value] = buffer
        }
    }

    /// Whether any node reads a result of the update: then old and new value would be alive
    /// together.
    private func isRead(afterNode node: Int) -> Bool {
        graph.nodes[node].types.indices.contains { result in
            let value = Value(node: node, result: result)
            return graph.nodes[node...].contains { $0.operands.contains(value) }
        }
    }

    /// Whether an update reads an input that another node updates: two such would each have to
    /// run before the other.
    private func readsAnotherUpdated(_ node: Int) -> Bool {
        graph.nodes[node].operands.contains { operand in
            var root = operand.node
            while case .reshape = graph.nodes[root].op { root = graph.nodes[root].operands[0].node }
            guard let updater = updaterOfInput[root] else { return false }
            return updater != node
        }
    }

    private mutating func lowerOutputs() throws {
        let bufferOfInput = Dictionary(
            uniqueKeysWithValues: inputs.map { ($0.input.inputName, $0.buffer) })
        let overwritten = Set(graph.outputs.compactMap { $0.updates.flatMap { bufferOfInput[$0] } })
        for output in graph.outputs {
            guard var place = places[output.value] else {
                throw missing(graph.nodes[output.value.node])
            }
            // The old value of an input that this very run overwrites.
            if overwritten.contains(place.buffer), updateBuffers[output.value] == nil,
                output.updates.flatMap({ bufferOfInput[$0] }) != place.buffer
            {
                place = try copied(place, path: graph.nodes[output.value.node].path)
            }
            guard let target = output.updates, let buffer = bufferOfInput[target] else {
                kept.insert(place.buffer)
                outputs.append(PlanOutput(name: output.name, value: place))
                continue
            }
            if place.buffer == buffer { continue }
            kept.insert(place.buffer)
            finalCopies.append(
                PlanStep(
                    work: .copy, operands: [place],
                    results: [PlanValue(buffer: buffer, type: place.type)],
                    path: graph.nodes[output.value.node].path))
        }
    }

    /// A copy of a value in the arena, made before the value is overwritten.
    private mutating func copied(_ place: PlanValue, path: String) throws -> PlanValue {
        let buffer = try addBuffer("copy", place.type, .arena(byteOffset: 0))
        let copy = PlanValue(buffer: buffer, type: place.type)
        steps.append(PlanStep(work: .copy, operands: [place], results: [copy], path: path))
        return copy
    }
}

extension Op {
    /// Whether a kernel of the op may write result i over operand i's kind of input.
    var updatesInPlace: Bool {
        switch self {
        case .sgdUpdate, .adamUpdate, .embeddingAdamUpdate: true
        default: false
        }
    }

    /// The operands over which a kernel may write result 0, element by element.
    var operandsForResultInPlace: [Int] {
        switch self {
        case .dropout, .biasActivation, .softmax, .logSoftmax: [0]
        case .biasActivationGradient: [0, 1]
        case .layerNorm(let norm): norm.hasResidual ? [] : [0]
        case .layerNormGradient: [0, 1]
        case .softmaxCrossEntropyGradient: [0]
        default: []
        }
    }
}
