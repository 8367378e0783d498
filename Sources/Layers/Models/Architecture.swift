/// What a model computes: applications in topological order, named, with their connections.
struct Architecture: Sendable {
    /// A result, or the mask of a result, of an earlier node.
    struct Reference: Hashable, Sendable {
        var node: Int
        var output: Int
        var isMask: Bool
    }

    struct Node: Sendable {
        /// The layer's name within the model; applications of one layer share it.
        var name: String
        var application: Application
        var inputs: [Reference]
        /// The longest way to an output, in nodes.
        var depth: Int
    }

    let nodes: [Node]
    /// Indices of the input nodes, in the order the user gave them.
    let inputs: [Int]
    let strings: [(name: String, input: StringInput)]
    let outputs: [(name: String, reference: Reference)]
    let sublayerNames: [ObjectIdentifier: String]

    /// - Throws: `LayerError` for tensors that are not declared, inputs that are missing, no
    ///   inputs, equal names.
    init(inputs: [any ModelInput], outputs: [(name: String?, tensor: Tensor)]) throws {
        let walk = try Walk(outputs: outputs.map(\.tensor), inputs: inputs)
        let (named, names) = try Self.name(walk.applications)
        let strings = try Self.name(strings: inputs.compactMap { $0 as? StringInput }, names)
        var indices: [ObjectIdentifier: Int] = [:]
        for (index, application) in walk.applications.enumerated() {
            indices[ObjectIdentifier(application)] = index
        }
        func reference(_ tensor: Tensor) throws -> Reference {
            guard case .declared(let application, let output, let isMask) = tensor.source,
                let node = indices[ObjectIdentifier(application)]
            else { throw LayerError("a model is made of declared tensors; begin with Input(…)") }
            return Reference(node: node, output: output, isMask: isMask)
        }
        var nodes: [Node] = []
        for (application, name) in zip(walk.applications, named) {
            nodes.append(
                Node(
                    name: name, application: application,
                    inputs: try application.inputs.map(reference), depth: 0))
        }
        for index in nodes.indices.reversed() {
            for input in nodes[index].inputs {
                nodes[input.node].depth = max(nodes[input.node].depth, nodes[index].depth + 1)
            }
        }
        self.nodes = nodes
        self.inputs = try inputs.compactMap { $0 as? Tensor }.map { try reference($0).node }
        self.strings = strings
        let references = try outputs.map { try reference($0.tensor) }
        self.outputs = try Self.name(
            outputs: zip(outputs, references).map { output, reference in
                (output.name, nodes[reference.node].name, reference)
            })
        sublayerNames = names
    }

    /// Names in order of appearance; applications of one layer share the name.
    private static func name(
        _ applications: [Application]
    ) throws -> (names: [String], sublayers: [ObjectIdentifier: String]) {
        var counter = NameCounter()
        var known: [ObjectIdentifier: String] = [:]
        var owners: [String: ObjectIdentifier] = [:]
        for application in applications {
            guard let name = application.givenName, known[application.identity] == nil else {
                continue
            }
            guard owners.updateValue(application.identity, forKey: name) == nil else {
                throw LayerError(
                    "two layers are named \"\(name)\"; names must differ within a model")
            }
            guard !name.isEmpty, !name.contains("/") else {
                throw LayerError(
                    "a layer may not be named \"\(name)\": a name is not empty and has no \"/\"")
            }
            counter.reserve(name)
            known[application.identity] = name
        }
        for application in applications where known[application.identity] == nil {
            known[application.identity] = counter.next(application.baseName)
        }
        return (applications.map { known[$0.identity] ?? $0.baseName }, known)
    }

    private static func name(
        strings: [StringInput], _ taken: [ObjectIdentifier: String]
    ) throws -> [(name: String, input: StringInput)] {
        var counter = NameCounter()
        for name in taken.values { counter.reserve(name) }
        return strings.map { ($0.name ?? counter.next("text"), $0) }
    }

    private static func name(
        outputs: [(given: String?, layer: String, reference: Reference)]
    ) throws -> [(name: String, reference: Reference)] {
        var counter = NameCounter()
        var given: Set<String> = []
        for name in outputs.compactMap(\.given) {
            guard given.insert(name).inserted else {
                throw LayerError("two outputs are named \"\(name)\"")
            }
            counter.reserve(name)
        }
        return outputs.map { ($0.given ?? counter.next($0.layer), $0.reference) }
    }
}

/// The applications that outputs depend on, in topological order.
private struct Walk {
    private(set) var applications: [Application] = []

    init(outputs: [Tensor], inputs: [any ModelInput]) throws {
        guard !outputs.isEmpty else { throw LayerError("a model needs an output") }
        guard !inputs.isEmpty else { throw LayerError("a model needs an input") }
        let roots = try inputs.compactMap { $0 as? Tensor }.map(Self.inputApplication)
        let strings = inputs.compactMap { ($0 as? StringInput)?.identity }.map(
            ObjectIdentifier.init)
        let allowed = Set(roots.map(ObjectIdentifier.init))
        guard allowed.count == roots.count, Set(strings).count == strings.count else {
            throw LayerError("an input is given twice")
        }
        var seen: Set<ObjectIdentifier> = []
        for root in roots where seen.insert(ObjectIdentifier(root)).inserted {
            applications.append(root)
        }
        // By hand and not by recursion: models may be thousands of layers deep.
        var stack: [(application: Application, next: Int)] = []
        for output in outputs {
            let application = try Self.application(of: output)
            if seen.insert(ObjectIdentifier(application)).inserted {
                stack.append((application, 0))
            }
            while let (current, next) = stack.last {
                if next < current.inputs.count {
                    stack[stack.count - 1].next += 1
                    let input = try Self.application(of: current.inputs[next])
                    if seen.insert(ObjectIdentifier(input)).inserted { stack.append((input, 0)) }
                } else {
                    stack.removeLast()
                    try Self.check(current, allowed: allowed, strings: Set(strings))
                    applications.append(current)
                }
            }
        }
    }

    private static func application(of tensor: Tensor) throws -> Application {
        guard case .declared(let application, _, _) = tensor.source else {
            throw LayerError("a model is made of declared tensors; begin with Input(…)")
        }
        return application
    }

    private static func inputApplication(_ tensor: Tensor) throws -> Application {
        let application = try application(of: tensor)
        guard case .input = application.content else {
            throw LayerError(
                "the input \(tensor) is the result of \(application.className), "
                    + "expected a tensor made by Input(…)")
        }
        let symbols = tensor.shape.dimensions.dropFirst().flatMap(\.symbols)
        guard !symbols.contains(where: { $0.name == Tensor.declaredBatch.name }) else {
            throw LayerError(
                "the input \(tensor) uses the symbol \"batch\" beyond its first axis; "
                    + "choose another name")
        }
        guard tensor.shape.dimensions.allSatisfy({ ($0.fixed ?? 1) >= 0 }) else {
            throw LayerError("the input \(tensor) has a negative extent")
        }
        return application
    }

    /// An input reached from an output must be among the model's inputs.
    private static func check(
        _ application: Application, allowed: Set<ObjectIdentifier>, strings: Set<ObjectIdentifier>
    ) throws {
        switch application.content {
        case .input(let name) where !allowed.contains(ObjectIdentifier(application)):
            let label = name.map { "\"\($0)\" " } ?? ""
            throw LayerError(
                "the outputs depend on the input \(label)of type \(application.outputs[0]), "
                    + "which is not among the model's inputs")
        case .host(let layer, let inputs)
        where !inputs.allSatisfy({ strings.contains(ObjectIdentifier($0.identity)) }):
            throw LayerError(
                "the outputs depend on the strings of \(LayerNames.className(of: layer)), "
                    + "which are not among the model's inputs")
        case .input, .host, .operation, .layer: return
        }
    }
}
