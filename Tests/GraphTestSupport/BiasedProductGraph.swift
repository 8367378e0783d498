import MartletIR

/// Dense layers whose product is read by the bias alone or, for the gradient, once more: what a
/// plan runs in one step.
package enum BiasedProductGraph {
    /// Odd sizes, a symbolic batch of which less than the bound is used.
    package static func graph(_ activation: BiasActivation.Activation) throws -> Graph {
        let b = GraphBuilder()
        let batch = Dimension(Symbol("batch", bound: 7))
        func input(_ name: String, _ shape: Shape) throws -> Value {
            try b.append(.input(Input(name, role: .data, type: TensorType(.f32, shape))))
        }
        let x = try input("x", [batch, 3, 5])
        let kernel = try input("kernel", [5, 2, 19])
        let bias = try input("bias", [2, 19])
        let product = try b.dotGeneral(x, kernel, leftContracting: [2], rightContracting: [0])
        let y = try b.append(.biasActivation(BiasActivation(activation)), product, bias)
        b.output("y", y)
        let gradient = BiasActivationGradient(activation)
        let saved = activation.hasSlopeFromResult ? [y] : [product, bias]
        b.output("dx", try b.append(.biasActivationGradient(gradient), [y] + saved)[0])
        return try b.build()
    }

    package static let extents = ["batch": 5]

    package static func inputs() -> [String: ReferenceTensor] {
        func values(_ shape: [Int], _ stream: UInt64) -> ReferenceTensor {
            let source = RandomSource(seed: 21, stream: stream)
            let elements = (0..<shape.reduce(1, *)).map {
                Double(Float(4 * source.uniformDouble(at: UInt64($0)) - 2))
            }
            return ReferenceTensor(.f32, shape: shape, elements: elements)
        }
        return [
            "x": values([5, 3, 5], 1), "kernel": values([5, 2, 19], 2), "bias": values([2, 19], 3),
        ]
    }
}
