/// A part of a model: a function of tensors that may own weights.
///
/// A layer is a final class whose stored properties never change; its identity is its weights'
/// identity, so a layer applied twice shares them. Sublayers are stored properties and are applied
/// like functions:
///
/// ```swift
/// final class FeedForward: Layer {
///     let inner = Dense(64, activation: .gelu)
///     let outer: Dense
///     init(width: Int) { outer = Dense(width) }
///
///     func call(_ x: Tensor, context: CallContext) throws -> Tensor {
///         try x + outer(inner(x))
///     }
/// }
/// ```
public protocol Layer<Inputs, Outputs>: AnyObject, Sendable {
    associatedtype Inputs: TensorStructure = Tensor
    associatedtype Outputs: TensorStructure = Tensor

    /// The name given by the user; nil for one made from the class: `dense`, `dense_1`.
    var name: String? { get }

    /// What becomes of the inputs' masks.
    var maskRule: MaskRule { get }

    /// Describes the outputs. Runs once for each graph traced: write no state here, and ask
    /// `context.training` rather than remember it.
    func call(_ inputs: Inputs, context: CallContext) throws -> Outputs
}

/// What a layer does with the masks of its inputs, as Keras's layers do.
public enum MaskRule: Hashable, Sendable {
    /// Outputs carry no mask, and a warning says so where an input had one (Keras's layers
    /// without `supports_masking`; the default for own layers).
    case drop
    /// Outputs that carry no mask of their own get that of the first input.
    case propagate
    /// `call` reads `x.mask` and attaches masks to its outputs itself.
    case custom
}

extension Layer {
    public var name: String? { nil }
    public var maskRule: MaskRule { .drop }

    /// Applies the layer: at once inside another layer's `call`, or as a node of a model's
    /// declaration.
    ///
    /// - Throws: `LayerError` or `GraphError` with the layer path, what was expected and received.
    @discardableResult
    public func callAsFunction(_ inputs: Inputs) throws -> Outputs {
        try apply(self, to: inputs)
    }
}

extension Layer where Inputs == [Tensor] {
    /// Applies the layer to tensors written one after another.
    public func callAsFunction(_ inputs: Tensor...) throws -> Outputs {
        try apply(self, to: inputs)
    }
}

private func apply<L: Layer>(_ layer: L, to inputs: L.Inputs) throws -> L.Outputs {
    let operands = inputs.tensors
    switch try Origin(of: operands, for: LayerNames.baseName(of: layer)) {
    case .traced(let tracer):
        return try tracer.call(layer, inputs)
    case .declared:
        // The shapes come from a trace that is thrown away; the model traces again.
        let scratch = Tracer.scratch()
        let outputs = try scratch.call(layer, inputs.mapTensors { try scratch.placeholder($0) })
        let application = Application(
            .layer(
                layer,
                call: { tracer, tensors in
                    try tracer.call(layer, inputs.replacingTensors(with: tensors)).tensors
                }, options: SavedCall.options(of: layer, inputs)),
            inputs: operands, outputs: outputs.tensors)
        return try outputs.replacingTensors(with: application.results)
    }
}
