/// What is known of a model before it is traced for use: its weights, and what its tracing warns
/// of.
struct Inventory: Sendable {
    let parameters: [ParameterSpecification]
    let diagnostics: [Diagnostic]

    init(of architecture: Architecture) throws {
        let traced = try architecture.trace(
            into: GraphBuilder(name: "inventory"), isTraining: false,
            batch: Tensor.declaredBatch, floatType: .f32, trainability: Trainability())
        parameters = traced.parameters.map(\.specification)
        diagnostics = traced.diagnostics
    }
}

extension Model {
    var architecture: Architecture {
        get throws {
            if case .graph(let architecture, _) = body { return architecture }
            throw LayerError(
                path: name ?? "sequential",
                "the input is not known yet; begin with Input(shape:) or a layer of strings")
        }
    }

    /// The model as an open graph, to append a loss, a gradient and an optimizer to.
    ///
    /// - Parameters:
    ///   - training: whether dropout drops, and so on: `context.training` of every layer.
    ///   - batchBound: the largest batch the graph will ever be given.
    ///   - builder: where to write; a new one named after the model by default.
    ///   - floatType: the type of weights and float inputs; f64 for gradient checks.
    /// - Throws: `LayerError` or `GraphError` with the layer path where something does not fit.
    public func trace(
        training: Bool, batchBound: Int, into builder: GraphBuilder? = nil,
        floatType: DType = .f32
    ) throws -> TracedModel {
        guard (1...Int(Int32.max)).contains(batchBound) else {
            throw LayerError(
                path: name ?? "", "the batch bound must be 1 or more, received \(batchBound)")
        }
        guard floatType.isFloat else {
            throw LayerError(
                path: name ?? "", "expected a float type for the trace, received \(floatType)")
        }
        return try architecture.trace(
            into: builder ?? GraphBuilder(name: name ?? "model"), isTraining: training,
            batch: Symbol("batch", bound: batchBound), floatType: floatType,
            trainability: trainability)
    }

    /// The model as a finished graph with its outputs under their names.
    public func graph(
        training: Bool = false, batchBound: Int, floatType: DType = .f32
    ) throws -> Graph {
        let traced = try trace(training: training, batchBound: batchBound, floatType: floatType)
        traced.declareOutputs()
        return try traced.builder.build()
    }

    /// Every weight, in the order layers first ask for them, with what is frozen now.
    public var parameters: [ParameterSpecification] {
        get throws {
            try trace(training: false, batchBound: 1).parameters.map(\.specification)
        }
    }

    /// What tracing the model finds doubtful, such as masks that end at a layer. More is known once
    /// the model is compiled.
    public var declarationDiagnostics: [Diagnostic] {
        if case .graph(_, let inventory) = body { inventory.diagnostics } else { [] }
    }

    /// The declared inputs, to build another model on.
    public var inputs: [Tensor] {
        get throws {
            let architecture = try architecture
            return architecture.inputs.map { architecture.nodes[$0].application.results[0] }
        }
    }

    /// The names of the inputs that take tensors.
    public var inputNames: [String] {
        get throws {
            let architecture = try architecture
            return architecture.inputs.map { architecture.nodes[$0].name }
        }
    }

    /// The names of the inputs that take strings.
    public var stringInputNames: [String] { get throws { try architecture.strings.map(\.name) } }

    /// The declared outputs by name, to build another model on.
    public var outputs: NamedTensors {
        get throws {
            let architecture = try architecture
            let values = architecture.outputs.map { output in
                let results = architecture.nodes[output.reference.node].application.results
                let result = results[output.reference.output]
                return output.reference.isMask ? result.mask ?? result : result
            }
            return NamedTensors(names: architecture.outputs.map(\.name), values: values)
        }
    }

    // MARK: Freezing

    /// Freezes every weight below a layer path: `model.freeze("bert")`. Its layers stay as they
    /// are; the next trace takes the weights as constants.
    ///
    /// - Throws: `LayerError` where no weight lies below the path.
    public func freeze(_ path: String = "") throws { try setTrainable(false, for: path) }

    /// Sets whether the weights below a layer path are trained; the empty path means all.
    ///
    /// - Throws: `LayerError` where no weight lies below the path.
    public func setTrainable(_ isTrainable: Bool, for path: String = "") throws {
        if case .graph(_, let inventory) = body {
            let paths = inventory.parameters.map(\.name)
            guard paths.contains(where: { Trainability.contains(path, $0) }) else {
                let layers = paths.compactMap { $0.split(separator: "/").first.map(String.init) }
                var known: [String] = []
                for layer in layers where !known.contains(layer) { known.append(layer) }
                throw LayerError(
                    path: name ?? "",
                    "no weight lies below \"\(path)\"; the layers with weights are "
                        + known.joined(separator: ", "))
            }
        }
        updateTrainability { $0.set(isTrainable, for: path) }
    }
}
