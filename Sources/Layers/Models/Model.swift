import Synchronization

/// A function from inputs to outputs, declared as a graph of layers.
///
/// ```swift
/// let x = Input(shape: [256, 32])
/// let y = try norm(x + attention(x, x))
/// let model = try Model(inputs: x, outputs: y)
/// ```
///
/// A model is itself a layer: applied to tensors it is nested, its weights shared. Nothing is
/// computed until it is traced.
// Unchecked: a class that may be subclassed (here, by Sequential alone) cannot be checked. All its
// stored properties are immutable declarations or guarded by a mutex.
public class Model: Layer, @unchecked Sendable {
    /// The name in summaries and files; within another model, the name of the layer.
    public let name: String?
    let body: Body
    private let state: Mutex<State>

    enum Body {
        case graph(Architecture, Inventory)
        /// Layers in a row whose input is not known yet.
        case chain([SequentialItem], names: [ObjectIdentifier: String])
    }

    private struct State {
        var trainability = Trainability()
        var attachment: (any Sendable)?
    }

    public typealias Inputs = [Tensor]
    public typealias Outputs = NamedTensors

    init(name: String?, body: Body) {
        self.name = name
        self.body = body
        state = Mutex(State())
    }

    /// A model from declared inputs to named outputs.
    ///
    /// - Throws: `LayerError` or `GraphError` where the graph is disconnected, names are equal,
    ///   or a layer does not fit its input.
    public convenience init(
        _ name: String? = nil, inputs: [any ModelInput], outputs: KeyValuePairs<String, Tensor>
    ) throws {
        try self.init(
            name: name, inputs: inputs, outputs: outputs.map { ($0.key, $0.value) })
    }

    /// A model from declared inputs to outputs whose names are computed.
    public convenience init(
        _ name: String? = nil, inputs: [any ModelInput], outputs: NamedTensors
    ) throws {
        try self.init(
            name: name, inputs: inputs,
            outputs: zip(outputs.names, outputs.values).map { ($0, $1) })
    }

    /// A model from declared inputs to outputs that are named after their layers.
    public convenience init(
        _ name: String? = nil, inputs: [any ModelInput], outputs: [Tensor]
    ) throws {
        try self.init(name: name, inputs: inputs, outputs: outputs.map { (nil, $0) })
    }

    /// A model from one declared input to named outputs.
    public convenience init(
        _ name: String? = nil, inputs input: any ModelInput,
        outputs: KeyValuePairs<String, Tensor>
    ) throws {
        try self.init(name: name, inputs: [input], outputs: outputs.map { ($0.key, $0.value) })
    }

    /// A model from one declared input to one output.
    public convenience init(
        _ name: String? = nil, inputs input: any ModelInput, outputs output: Tensor
    ) throws {
        try self.init(name: name, inputs: [input], outputs: [(nil, output)])
    }

    convenience init(
        name: String?, inputs: [any ModelInput], outputs: [(name: String?, tensor: Tensor)]
    ) throws {
        try self.init(name: name, body: Self.graph(inputs: inputs, outputs: outputs))
    }

    static func graph(
        inputs: [any ModelInput], outputs: [(name: String?, tensor: Tensor)]
    ) throws -> Body {
        let architecture = try Architecture(inputs: inputs, outputs: outputs)
        return .graph(architecture, try Inventory(of: architecture))
    }

    // MARK: As a layer

    public var maskRule: MaskRule { .custom }

    /// The class, as summaries and files name it.
    var className: String { "Functional" }

    var sublayerNames: [ObjectIdentifier: String] {
        switch body {
        case .graph(let architecture, _): architecture.sublayerNames
        case .chain(_, let names): names
        }
    }

    public func call(_ inputs: [Tensor], context: CallContext) throws -> NamedTensors {
        switch body {
        case .chain(let items, _): return try callChain(items, inputs, context)
        case .graph(let architecture, _):
            let declared = architecture.inputs.map { architecture.nodes[$0] }
            guard architecture.strings.isEmpty else {
                throw LayerError(
                    path: context.path,
                    "a model that takes strings cannot be a layer of another; put its host layer "
                        + "at the front of the outer model")
            }
            guard inputs.count == declared.count else {
                throw LayerError(
                    path: context.path,
                    "expected \(declared.count) inputs, received \(inputs.count)")
            }
            var bound: [ObjectIdentifier: Tensor] = [:]
            for (node, tensor) in zip(declared, inputs) {
                try check(tensor, against: node, context)
                bound[ObjectIdentifier(node.application)] = tensor
            }
            let results = try architecture.run(in: context.tracer) { node in
                bound[ObjectIdentifier(node.application)].map { [$0] } ?? []
            }
            return NamedTensors(names: results.map(\.name), values: results.map(\.tensor))
        }
    }

    private func callChain(
        _ items: [SequentialItem], _ inputs: [Tensor], _ context: CallContext
    ) throws -> NamedTensors {
        guard inputs.count == 1 else {
            throw LayerError(path: context.path, "expected 1 input, received \(inputs.count)")
        }
        let result = try Sequential.apply(items, to: inputs[0])
        return NamedTensors(names: ["output"], values: [result])
    }

    /// Fixed extents must agree; symbolic ones accept anything.
    private func check(
        _ tensor: Tensor, against node: Architecture.Node, _ context: CallContext
    ) throws {
        let declared = node.application.outputs[0]
        let expected = declared.with(dtype: context.tracer.resolve(declared.dtype))
        let fits =
            tensor.dtype == expected.dtype && tensor.rank == expected.rank
            && zip(tensor.shape.dimensions, expected.shape.dimensions)
                .allSatisfy { $1.fixed == nil || $0 == $1 }
        guard fits else {
            throw LayerError(
                path: context.path,
                "input \"\(node.name)\": expected \(expected), received \(tensor)")
        }
    }

    /// Applies a model of one input and one output.
    public func callAsFunction(_ input: Tensor) throws -> Tensor {
        let outputs = try callAsFunction([input])
        guard outputs.values.count == 1 else {
            throw LayerError(
                path: name ?? "",
                "the model has \(outputs.values.count) outputs "
                    + "(\(outputs.names.joined(separator: ", "))); apply it to a list of inputs "
                    + "and choose by name")
        }
        return outputs.values[0]
    }

    /// Applies the model to inputs by name.
    public func callAsFunction(_ inputs: [String: Tensor]) throws -> NamedTensors {
        let architecture = try architecture
        let names = architecture.inputs.map { architecture.nodes[$0].name }
        if let unknown = inputs.keys.sorted().first(where: { !names.contains($0) }) {
            throw LayerError(
                path: name ?? "",
                "there is no input \"\(unknown)\"; the inputs are \(names.joined(separator: ", "))")
        }
        return try callAsFunction(
            names.map { input in
                guard let tensor = inputs[input] else {
                    throw LayerError(path: name ?? "", "input \"\(input)\" is missing")
                }
                return tensor
            })
    }

    // MARK: State

    var trainability: Trainability {
        state.withLock { $0.trainability }
    }

    func updateTrainability(_ update: (inout Trainability) -> Void) {
        state.withLock { update(&$0.trainability) }
    }

    /// What training keeps with a model, made at the first use.
    package func attachment<Attachment: Sendable>(
        orMake make: () -> Attachment
    ) -> Attachment {
        state.withLock { state in
            if let found = state.attachment as? Attachment { return found }
            let made = make()
            state.attachment = made
            return made
        }
    }
}
