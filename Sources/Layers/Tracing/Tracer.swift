/// Writes one graph: where weights are made once, paths are given out, and masks and warnings
/// are kept track of.
///
/// Lives for one trace and is used by one thread; a `Tensor` inside a `call` points to it.
final class Tracer {
    let builder: GraphBuilder
    let isTraining: Bool
    let floatType: DType
    let trainability: Trainability
    private(set) var parameters: [TracedModel.Parameter] = []
    private(set) var diagnostics: [Diagnostic] = []
    var maskTrail = MaskTrail()
    private(set) var seed: Value?
    private(set) var step: Value?

    private var frames: [Frame]
    private var paths: [ObjectIdentifier: String] = [:]
    private var owners: [String: ObjectIdentifier] = [:]
    /// Keeps layers alive, so that no two of a trace ever share an identity.
    private var seen: [AnyObject] = []
    private var parameterIndices: [String: Int] = [:]
    private var nestedTrainability: [(path: String, rules: Trainability)] = []
    private var streamCount = 0
    private var placeholderCount = 0

    /// The layer being called: its path and how it names its sublayers.
    private struct Frame {
        var path: String
        var layer: ObjectIdentifier?
        var names: [ObjectIdentifier: String]
        var counter = NameCounter()
    }

    init(
        builder: GraphBuilder, isTraining: Bool, floatType: DType = .f32,
        trainability: Trainability = Trainability(), names: [ObjectIdentifier: String] = [:]
    ) {
        self.builder = builder
        self.isTraining = isTraining
        self.floatType = floatType
        self.trainability = trainability
        frames = [Frame(path: builder.path, layer: nil, names: names)]
    }

    /// A tracer whose graph is thrown away: it tells the shapes of declared tensors.
    static func scratch() -> Tracer {
        Tracer(builder: GraphBuilder(name: "declaration"), isTraining: false)
    }

    var path: String { builder.path }

    /// f32 stands for the trace's float type.
    func resolve(_ dtype: DType) -> DType { dtype == .f32 ? floatType : dtype }

    func warn(_ message: String, _ kind: Diagnostic.Kind = .layer) {
        let diagnostic = Diagnostic(kind, path, message)
        if !diagnostics.contains(diagnostic) { diagnostics.append(diagnostic) }
    }

    // MARK: Values

    /// A tensor of this trace that stands for a declared one, its mask included.
    func placeholder(_ tensor: Tensor) throws -> Tensor {
        let mask = try tensor.mask.map { try placeholder($0.type) }
        return try placeholder(tensor.type).attaching(mask: mask)
    }

    private func placeholder(_ type: TensorType) throws -> Tensor {
        placeholderCount += 1
        return try input("placeholder \(placeholderCount)", role: .data, type)
    }

    func input(_ name: String, role: MartletIR.Input.Role, _ type: TensorType) throws -> Tensor {
        tensor(try builder.append(.input(MartletIR.Input(name, role: role, type: type))))
    }

    func tensor(_ value: Value) -> Tensor { Tensor(builder.type(of: value), .traced(self, value)) }

    func value(_ tensor: Tensor) throws -> Value {
        guard case .traced(let tracer, let value) = tensor.source, tracer === self else {
            throw LayerError(path: path, "a tensor of another trace or declaration is used here")
        }
        return value
    }

    func emit(_ op: Op, _ operands: [Tensor]) throws -> [Tensor] {
        try builder.append(op, operands.map { try value($0) }).map { tensor($0) }
    }

    // MARK: Layers

    func call<L: Layer>(_ layer: L, _ inputs: L.Inputs) throws -> L.Outputs {
        let key = ObjectIdentifier(layer)
        guard !frames.contains(where: { $0.layer == key }) else {
            throw LayerError(
                path: path, "\(LayerNames.className(of: layer)) applies itself inside its call")
        }
        let layerPath = try path(of: layer)
        if let model = layer as? Model {
            nestedTrainability.append((layerPath, model.trainability))
        }
        let names = (layer as? Model)?.sublayerNames ?? LayerNames.sublayerNames(of: layer)
        let outer = builder.path
        frames.append(Frame(path: layerPath, layer: key, names: names))
        builder.path = layerPath
        defer {
            frames.removeLast()
            builder.path = outer
        }
        let outputs = try layer.call(inputs, context: CallContext(tracer: self))
        let masked = try passMasks(of: inputs.tensors, through: layer, to: outputs)
        maskTrail.record(
            try masked.tensors.compactMap { try $0.mask.map(value) },
            inputs: try inputs.tensors.compactMap { try $0.mask.map(value) }, path: layerPath)
        return masked
    }

    private func passMasks<L: Layer>(
        of inputs: [Tensor], through layer: L, to outputs: L.Outputs
    ) throws -> L.Outputs {
        switch layer.maskRule {
        case .custom: return outputs
        case .propagate:
            guard let mask = inputs.first?.mask else { return outputs }
            return outputs.mapTensors { $0.mask == nil ? $0.attaching(mask: mask) : $0 }
        case .drop:
            let masks = try inputs.compactMap { try $0.mask.map(value) }
            if !masks.isEmpty {
                maskTrail.dropped.formUnion(masks)
                warn(
                    "\(LayerNames.className(of: layer)) was given a masked input but does not "
                        + "support masks; the mask ends here, and padding counts as tokens do from "
                        + "here on. Choose a layer that takes masks, or say withoutMask() before it",
                    .deadMask)
            }
            return outputs
        }
    }

    /// The path a layer got where it was first applied; it keeps it wherever it is shared.
    private func path(of layer: any Layer) throws -> String {
        let key = ObjectIdentifier(layer)
        if let known = paths[key] { return known }
        let current = frames.count - 1
        let component =
            frames[current].names[key]
            ?? layer.name ?? frames[current].counter.next(LayerNames.baseName(of: layer))
        let outer = builder.path
        let path = outer.isEmpty ? component : "\(outer)/\(component)"
        guard owners.updateValue(key, forKey: path) == nil else {
            throw LayerError(
                path: outer,
                "two layers are named \"\(component)\"; names must differ within a model")
        }
        paths[key] = path
        seen.append(layer)
        return path
    }

    // MARK: Weights

    func weight(
        _ name: String, shape: Shape, initializer: Initializer, fans: FanAxes?, trainable: Bool
    ) throws -> Tensor {
        let weightPath = path.isEmpty ? name : "\(path)/\(name)"
        guard let extents = shape.fixed, extents.allSatisfy({ $0 >= 0 }) else {
            throw LayerError(
                path: path,
                "weight \"\(name)\" needs known extents, received \(shape); "
                    + "give the input's axes fixed lengths")
        }
        let type = TensorType(floatType, shape)
        if let index = parameterIndices[weightPath] {
            let known = parameters[index]
            guard known.specification.type == type else {
                throw LayerError(
                    path: path,
                    "weight \"\(name)\" was made with shape \(known.specification.type.shape), and "
                        + "this application asks for \(shape); a shared layer takes inputs of one "
                        + "size")
            }
            return tensor(known.value)
        }
        let isTrainable = trainable && self.isTrainable(weightPath)
        let input = try input(weightPath, role: isTrainable ? .parameter : .constant, type)
        parameterIndices[weightPath] = parameters.count
        parameters.append(
            TracedModel.Parameter(
                specification: ParameterSpecification(
                    name: weightPath, type: type, initializer: initializer,
                    fans: (fans ?? FanAxes.byRank(extents.count)).fans(of: extents),
                    isTrainable: isTrainable),
                value: try value(input)))
        return input
    }

    /// The model's own rules come before those of the models nested in it.
    func isTrainable(_ path: String) -> Bool {
        var best = trainability.match(path)
        for nested in nestedTrainability where Trainability.contains(nested.path, path) {
            let inner = String(path.dropFirst(nested.path.count).drop { $0 == "/" })
            guard let match = nested.rules.match(inner) else { continue }
            let length = nested.path.count + (match.length > 0 ? match.length + 1 : 0)
            if length > (best?.length ?? -1) { best = (length, match.isTrainable) }
        }
        return best?.isTrainable ?? true
    }

    // MARK: Random numbers

    func randomKey() throws -> RandomKey {
        let seed = try self.seed ?? rootInput("seed", role: .seed)
        let step = try self.step ?? rootInput("step", role: .step)
        (self.seed, self.step) = (seed, step)
        defer { streamCount += 1 }
        return RandomKey(stream: streamCount, seed: tensor(seed), step: tensor(step))
    }

    /// An i64 scalar that belongs to no layer.
    private func rootInput(_ name: String, role: MartletIR.Input.Role) throws -> Value {
        let outer = builder.path
        builder.path = ""
        defer { builder.path = outer }
        return try value(input(name, role: role, TensorType(.i64, .scalar)))
    }
}
