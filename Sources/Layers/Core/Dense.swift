import MartletJSON

/// `activation(x · kernel + bias)` over the last axis.
///
/// Input `[batch, …, width]`, output `[batch, …, units]`; weights `kernel [width, units]` and
/// `bias [units]`.
public final class Dense: Layer {
    public let units: Int
    public let activation: ActivationFunction
    public let useBias: Bool
    public let kernelInitializer: Initializer
    public let biasInitializer: Initializer
    public let name: String?

    public init(
        _ units: Int, activation: ActivationFunction = .linear, useBias: Bool = true,
        kernelInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros,
        name: String? = nil
    ) {
        self.units = units
        self.activation = activation
        self.useBias = useBias
        self.kernelInitializer = kernelInitializer
        self.biasInitializer = biasInitializer
        self.name = name
    }

    public var maskRule: MaskRule { .propagate }

    public func call(_ x: Tensor, context: CallContext) throws -> Tensor {
        try context.require(units > 0, "units must be 1 or more, received \(units)")
        try context.requireFloat(x, minimumRank: 2)
        let kernel = try context.weight(
            "kernel", shape: [x.shape[x.rank - 1], Dimension(units)],
            initializer: kernelInitializer)
        let product = try x.matmul(kernel)
        guard useBias else { return try product.activation(activation) }
        let bias = try context.weight(
            "bias", shape: [Dimension(units)], initializer: biasInitializer)
        return try context.activate(product, bias: bias, activation)
    }
}

extension CallContext {
    /// `activation(x + bias)`, the bias repeated along leading axes: one op where the IR has it.
    func activate(
        _ x: Tensor, bias: Tensor, _ activation: ActivationFunction
    ) throws -> Tensor {
        let fused = activation.fusible ?? .identity
        let sum = try emit(.biasActivation(BiasActivation(fused)), [x, bias])[0]
        return activation.fusible == nil ? try sum.activation(activation) : sum
    }

    /// Throws a `LayerError` at this layer unless the condition holds.
    public func require(_ condition: Bool, _ message: @autoclosure () -> String) throws {
        if !condition { throw LayerError(path: path, message()) }
    }

    /// Throws unless the tensor holds floats and has enough axes.
    func requireFloat(_ x: Tensor, minimumRank: Int) throws {
        try require(
            x.dtype.isFloat && x.rank >= minimumRank,
            "expected a float tensor of rank \(minimumRank) or more, received \(x)")
    }
}

extension Dense: ConfigurableLayer {
    public convenience init(configuration fields: JSONFields) {
        self.init(
            fields.integer("units", in: JSONFields.extents),
            activation: fields.activation("activation"),
            useBias: fields.bool("use_bias", default: true),
            kernelInitializer: fields.initializer("kernel_initializer", default: .glorotUniform),
            biasInitializer: fields.initializer("bias_initializer", default: .zeros),
            name: fields.name)
    }

    public var configuration: JSONObject {
        JSONObject([
            ("units", .integer(units)),
            ("activation", activation.json),
            ("use_bias", .bool(useBias)),
            ("kernel_initializer", kernelInitializer.json),
            ("bias_initializer", biasInitializer.json),
        ])
    }
}
