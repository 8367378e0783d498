/// Layers one after another.
///
/// ```swift
/// let model = try Sequential("classifier") {
///     Input(shape: [784])
///     Dense(64, activation: .relu)
///     Dense(10, activation: .softmax)
/// }
/// ```
///
/// Without an input (or a host layer) in front it is only a layer: its sizes follow from what it
/// is applied to.
public final class Sequential: Model, @unchecked Sendable {
    /// - Throws: `LayerError` or `GraphError` where names are equal or a layer does not fit its
    ///   input.
    public init(
        _ name: String? = nil, @LayerBuilder _ layers: () throws -> [SequentialItem]
    ) throws {
        super.init(name: name, body: try Self.body(try layers()))
    }

    override init(name: String?, body: Body) { super.init(name: name, body: body) }

    override var className: String { "Sequential" }

    /// Layers in a row without an input.
    static func chain(_ items: [SequentialItem]) throws -> Body {
        .chain(items, names: try names(of: items))
    }

    private static func body(_ items: [SequentialItem]) throws -> Body {
        guard let first = items.first else { throw LayerError("a sequential model needs a layer") }
        switch first {
        case .input(let input):
            let output = try apply(Array(items.dropFirst()), to: input.tensor)
            return try graph(inputs: [input.tensor], outputs: [(nil, output)])
        case .host(let layer):
            let strings = (0..<layer.stringCount).map { _ in StringInput() }
            let tensors = try layer.named(strings)
            guard tensors.values.count == 1 else {
                throw LayerError(
                    "\(LayerNames.className(of: layer)) makes \(tensors.values.count) tensors; "
                        + "declare the model with Model(inputs:outputs:)")
            }
            let output = try apply(Array(items.dropFirst()), to: tensors.values[0])
            return try graph(inputs: strings, outputs: [(nil, output)])
        case .layer, .model:
            return try chain(items)
        }
    }

    /// Applies the layers in a row.
    static func apply(_ items: [SequentialItem], to input: Tensor) throws -> Tensor {
        var x = input
        for item in items {
            switch item {
            case .layer(let layer): x = try layer(x)
            case .model(let model): x = try model(x)
            case .input, .host:
                throw LayerError("an input may only stand at the front of a sequential model")
            }
        }
        return x
    }

    private static func names(of items: [SequentialItem]) throws -> [ObjectIdentifier: String] {
        var counter = NameCounter()
        var names: [ObjectIdentifier: String] = [:]
        let layers = items.compactMap(\.object)
        for layer in layers {
            if let name = layer.name {
                counter.reserve(name)
                names[ObjectIdentifier(layer)] = name
            }
        }
        for layer in layers where names[ObjectIdentifier(layer)] == nil {
            names[ObjectIdentifier(layer)] = counter.next(LayerNames.baseName(of: layer))
        }
        return names
    }
}
