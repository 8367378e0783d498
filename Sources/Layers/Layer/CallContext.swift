/// What a layer's `call` may ask for: whether this is training, its weights, random numbers,
/// constants.
public struct CallContext {
    let tracer: Tracer

    /// Whether the graph being traced is for training. The only way a layer learns it.
    public var training: Bool { tracer.isTraining }

    /// The path of the layer being called, such as `transformer_block/attention`.
    public var path: String { tracer.path }

    /// The type of floats in this trace: f32, or f64 where gradients are checked.
    public var floatType: DType { tracer.floatType }

    /// Whether the layer's weights are trainable: false where the model froze them.
    public var isTrainable: Bool { tracer.isTrainable(path) }

    /// A weight of this layer: the same one at every call.
    ///
    /// - Parameters:
    ///   - name: the last component of its path: `kernel` in `dense/kernel`.
    ///   - shape: its extents, all known.
    ///   - fans: which axes count inputs and outputs, for the initializers that scale by them;
    ///     nil for Keras's rule by rank.
    ///   - trainable: false for state that no gradient changes.
    /// - Throws: `LayerError` where an extent is symbolic or negative, or a shared layer asks for
    ///   another shape than before.
    public func weight(
        _ name: String, shape: Shape, initializer: Initializer = .glorotUniform,
        fans: FanAxes? = nil, trainable: Bool = true
    ) throws -> Tensor {
        try tracer.weight(
            name, shape: shape, initializer: initializer, fans: fans, trainable: trainable)
    }

    /// Runs `body` with a component appended to the layer path, for the parts of a layer that
    /// are no layers themselves: `attention/query`.
    public func scope<Result>(_ component: String, _ body: () throws -> Result) rethrows -> Result {
        try tracer.builder.scope(component, body)
    }

    /// Appends an op of the IR, composites included, and returns its results, unmasked.
    public func emit(_ op: Op, _ operands: [Tensor]) throws -> [Tensor] {
        try tracer.emit(op, operands)
    }

    /// `x` with a share of its elements zeroed and the others scaled by `1 / (1 - rate)` in
    /// training; `x` itself otherwise. Each use draws its own numbers.
    public func dropout(_ x: Tensor, rate: Double) throws -> Tensor {
        guard training, rate > 0 else { return x }
        let key = try randomKey()
        let op = MartletIR.Dropout(rate: rate, stream: key.stream)
        return try emit(.dropout(op), [x, key.seed, key.step])[0]
    }

    /// A stream of random numbers that nothing else in the graph uses, and the operands that
    /// random ops take with it.
    public func randomKey() throws -> RandomKey { try tracer.randomKey() }

    /// `0, 1, … count - 1`, of the given integer or float type.
    public func range(_ count: Dimension, _ dtype: DType = .i32) throws -> Tensor {
        let type = TensorType(tracer.resolve(dtype), [count])
        return try emit(.iota(Iota(type, axis: 0)), [])[0]
    }

    /// A constant scalar; f32 stands for the trace's float type.
    public func constant(_ value: Double, _ dtype: DType = .f32) throws -> Tensor {
        try emit(.constant(Constant(Literal(value, tracer.resolve(dtype)))), [])[0]
    }

    /// A constant tensor, row-major; f32 stands for the trace's float type.
    public func constant(
        _ values: [Double], shape: [Int], _ dtype: DType = .f32
    ) throws -> Tensor {
        let literal = Literal(tracer.resolve(dtype), shape: shape, elements: values)
        return try emit(.constant(Constant(literal)), [])[0]
    }

    /// Records that a layer averages over the steps of a tensor without a mask, which is doubtful
    /// where padding is known.
    func noteAverageWithoutMask(_ x: Tensor, of layer: any Layer) throws {
        tracer.maskTrail.averages.append(
            MaskTrail.Average(
                path: path, className: LayerNames.className(of: layer),
                input: try tracer.value(x)))
    }

    /// Adds a warning to the traced model, prefixed by the layer path.
    public func warn(_ message: String) { tracer.warn(message) }
}

/// What a random op takes: its stream, and the seed and step of the run (i64 scalars).
public struct RandomKey {
    public let stream: Int
    public let seed: Tensor
    public let step: Tensor
}
