import MartletJSON

/// `activation(einsum(equation, x, kernel) + bias)`: a dense layer over any axes.
///
/// ```swift
/// EinsumDense("abc,cde->abde", outputShape: [nil, 2, 32], biasAxes: "de")   // heads × size
/// ```
///
/// The kernel's letters must be in the input or in the output; letters of the output alone take
/// their extents from `outputShape`.
public final class EinsumDense: Layer {
    public let equation: String
    /// The output's extents without the batch axis; nil where the input decides.
    public let outputShape: [Int?]
    public let activation: ActivationFunction
    /// The output axes the bias has its own values along; nil for no bias.
    public let biasAxes: String?
    public let kernelInitializer: Initializer
    public let biasInitializer: Initializer
    public let name: String?

    public init(
        _ equation: String, outputShape: [Int?], activation: ActivationFunction = .linear,
        biasAxes: String? = nil, kernelInitializer: Initializer = .glorotUniform,
        biasInitializer: Initializer = .zeros, name: String? = nil
    ) {
        self.equation = equation
        self.outputShape = outputShape
        self.activation = activation
        self.biasAxes = biasAxes
        self.kernelInitializer = kernelInitializer
        self.biasInitializer = biasInitializer
        self.name = name
    }

    public func call(_ x: Tensor, context: CallContext) throws -> Tensor {
        try context.requireFloat(x, minimumRank: 1)
        let letters = try Letters(equation, context)
        let extents = try extents(letters, x, context)
        func shape(_ letters: some Sequence<Character>) throws -> Shape {
            Shape(
                try letters.map { letter in
                    guard let extent = extents[letter] else {
                        throw LayerError(
                            path: context.path,
                            "equation \"\(equation)\": the extent of \"\(letter)\" is not known")
                    }
                    return extent
                })
        }
        let kernel = try context.weight(
            "kernel", shape: try shape(letters.kernel), initializer: kernelInitializer,
            fans: letters.fanAxes)
        let product = try x.einsum(equation, kernel)
        guard let biasAxes else { return try product.activation(activation) }
        try context.require(
            !biasAxes.isEmpty && biasAxes.allSatisfy { letters.output.contains($0) },
            "biasAxes \"\(biasAxes)\" must be letters of the output of \"\(equation)\"")
        // From the first biased axis on, the bias has an axis for each of the output's.
        let trailing = Array(letters.output.drop { !biasAxes.contains($0) })
        let biasShape = try trailing.map { biasAxes.contains($0) ? try shape([$0])[0] : 1 }
        let bias = try context.weight(
            "bias", shape: Shape(biasShape), initializer: biasInitializer)
        if trailing.allSatisfy({ biasAxes.contains($0) }) {
            return try context.activate(product, bias: bias, activation)
        }
        return try (product + bias).activation(activation)
    }

    /// The extent of every letter that the input or `outputShape` settles.
    private func extents(
        _ letters: Letters, _ x: Tensor, _ context: CallContext
    ) throws -> [Character: Dimension] {
        try context.require(
            letters.hasEllipsis ? x.rank >= letters.input.count : x.rank == letters.input.count,
            "equation \"\(equation)\" expects rank \(letters.input.count), received \(x)")
        var extents: [Character: Dimension] = [:]
        for (letter, extent) in zip(letters.input, x.shape.dimensions.suffix(letters.input.count)) {
            extents[letter] = extent
        }
        // The output's shape is matched from the last axis, the batch axis being left out.
        for (letter, extent) in zip(letters.output.reversed(), outputShape.reversed()) {
            guard let extent else { continue }
            if let known = extents[letter], known.fixed != nil, known != Dimension(extent) {
                throw LayerError(
                    path: context.path,
                    "outputShape gives \(extent) for \"\(letter)\" of \"\(equation)\", "
                        + "the input has \(known)")
            }
            extents[letter] = extents[letter] ?? Dimension(extent)
        }
        return extents
    }

    /// The letters of `input,kernel->output`, without the dots.
    private struct Letters {
        let input, kernel, output: [Character]
        let hasEllipsis: Bool

        init(_ equation: String, _ context: CallContext) throws {
            let text = equation.filter { !$0.isWhitespace }
            hasEllipsis = text.hasPrefix("...")
            let parts = text.split(separator: ",", omittingEmptySubsequences: false)
            let rest = parts.count == 2 ? parts[1].split(separator: ">").map(String.init) : []
            guard rest.count == 2, rest[0].hasSuffix("-") else {
                throw LayerError(
                    path: context.path,
                    "equation \"\(equation)\": expected the form \"ab,bc->ac\"")
            }
            input = parts[0].filter { $0 != "." }
            kernel = Array(rest[0].dropLast())
            output = rest[1].filter { $0 != "." }
        }

        /// A kernel axis that the output has not is an input; the others are outputs, as in
        /// Keras since April 2026.
        var fanAxes: FanAxes {
            .axes(
                input: kernel.indices.filter { input.contains(kernel[$0]) },
                output: kernel.indices.filter { !input.contains(kernel[$0]) })
        }
    }
}

extension EinsumDense: ConfigurableLayer {
    public convenience init(configuration fields: JSONFields) {
        let shape = fields.value("output_shape")
        self.init(
            fields.string("equation"),
            outputShape: (shape?.arrayValue ?? shape.map { [$0] } ?? []).map(\.integerValue),
            activation: fields.activation("activation"),
            biasAxes: fields.optionalString("bias_axes"),
            kernelInitializer: fields.initializer("kernel_initializer", default: .glorotUniform),
            biasInitializer: fields.initializer("bias_initializer", default: .zeros),
            name: fields.name)
    }

    public var configuration: JSONObject {
        JSONObject([
            ("equation", .string(equation)),
            ("output_shape", .array(outputShape.map { $0.map { .integer($0) } ?? .null })),
            ("activation", activation.json),
            ("bias_axes", biasAxes.map { .string($0) } ?? .null),
            ("kernel_initializer", kernelInitializer.json),
            ("bias_initializer", biasInitializer.json),
        ])
    }
}
