import MartletJSON

/// One node of a declared model: an input, or a layer or operation applied to declared tensors.
///
/// Never changes once made, and what it captures are layers (Sendable) and declared tensors
/// (other applications): hence `@unchecked Sendable`, which the compiler cannot see through the
/// generic structs a layer's inputs may be.
final class Application: @unchecked Sendable {
    enum Content {
        /// A tensor given at every step.
        case input(name: String?)
        /// A layer that turns strings into integers on the host.
        case host(any HostLayer, strings: [StringInput])
        case operation(TensorOperation)
        /// A layer, and how to apply it again in another trace; the options of the call where
        /// the layer can be saved.
        case layer(
            any Layer, call: (Tracer, [Tensor]) throws -> [Tensor], options: JSONObject?)
    }

    let content: Content
    let inputs: [Tensor]
    let outputs: [TensorType]
    let masks: [TensorType?]

    init(_ content: Content, inputs: [Tensor], outputs: [Tensor]) {
        self.content = content
        self.inputs = inputs
        self.outputs = outputs.map(\.type)
        masks = outputs.map { $0.mask?.type }
    }

    init(_ content: Content, types: [TensorType]) {
        self.content = content
        inputs = []
        outputs = types
        masks = types.map { _ in nil }
    }

    /// The declared tensors that stand for this node's results.
    var results: [Tensor] {
        outputs.indices.map { index in
            let mask = masks[index].map {
                Tensor($0, .declared(self, output: index, isMask: true))
            }
            return Tensor(
                outputs[index], .declared(self, output: index, isMask: false), mask: mask)
        }
    }

    /// What the node's name is made from where the user gave none.
    var baseName: String {
        switch content {
        case .input(let name): name ?? "input_layer"
        case .host(let layer, _):
            layer.name ?? LayerNames.snakeCase(LayerNames.className(of: layer))
        case .operation(let operation): LayerNames.snakeCase(operation.className)
        case .layer(let layer, _, _): LayerNames.baseName(of: layer)
        }
    }

    /// The name the user gave, if any.
    var givenName: String? {
        switch content {
        case .input(let name): name
        case .host(let layer, _): layer.name
        case .operation: nil
        case .layer(let layer, _, _): layer.name
        }
    }

    /// As the summary prints it after the name.
    var className: String {
        switch content {
        case .input: "InputLayer"
        case .host(let layer, _): LayerNames.className(of: layer)
        case .operation(let operation): operation.className
        case .layer(let layer, _, _):
            (layer as? Model)?.className ?? LayerNames.className(of: layer)
        }
    }

    /// Applications of one layer share this; every other node has its own.
    var identity: ObjectIdentifier {
        switch content {
        case .layer(let layer, _, _): ObjectIdentifier(layer)
        case .host(let layer, _): ObjectIdentifier(layer)
        case .input, .operation: ObjectIdentifier(self)
        }
    }
}
