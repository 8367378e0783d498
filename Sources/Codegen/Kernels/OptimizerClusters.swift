/// Optimizer updates as clusters: one sweep over a flat stretch of parameters.
///
/// What changes from step to step comes in small buffers of one element, so that a schedule needs no
/// new code. The state's buffers are operands and results at once.
package enum OptimizerCluster {
    /// Adam as Keras has it: `m += (g − m)(1 − β₁)`, `v += (g² − v)(1 − β₂)`,
    /// `p −= α·m/(√v + ε)` with `α = rate·√(1 − β₂ᵗ)/(1 − β₁ᵗ)`; decay first: `p −= p·d`.
    ///
    /// Operands: parameter, m, v, gradient, α, gradient factor (for clipping), and d if `decays`.
    /// Results: parameter, m, v.
    package static func adam(
        count: Extent, beta1: Float = 0.9, beta2: Float = 0.999, epsilon: Float = 1e-7,
        decays: Bool = false
    ) -> ElementwiseCluster {
        var e = Expression()
        var parameter = e.operand(0)
        let (m, v, alpha) = (e.operand(1), e.operand(2), e.operand(4))
        let gradient = e.binary(.multiply, e.operand(3), e.operand(5))
        if decays {
            parameter = e.binary(
                .subtract, parameter, e.binary(.multiply, parameter, e.operand(6)))
        }
        let newM = e.multiplyAdd(
            e.binary(.subtract, gradient, m), e.constant(1 - beta1), m)
        let square = e.binary(.multiply, gradient, gradient)
        let newV = e.multiplyAdd(e.binary(.subtract, square, v), e.constant(1 - beta2), v)
        let deviation = e.binary(.add, e.unary(.squareRoot, newV), e.constant(epsilon))
        let update = e.binary(.divide, e.binary(.multiply, alpha, newM), deviation)
        let newParameter = e.binary(.subtract, parameter, update)
        return sweep(count, tensors: 4, scalars: decays ? 3 : 2, e, [newParameter, newM, newV])
    }

    /// Gradient descent: `p −= rate·g`, or with momentum μ `b = μ·b − rate·g` and `p += b`, or
    /// Nesterov's `p += μ·b − rate·g`.
    ///
    /// Operands: parameter, gradient (then b with momentum), rate, gradient factor. Results:
    /// parameter (then b).
    package static func gradientDescent(
        count: Extent, momentum: Float = 0, nesterov: Bool = false
    ) -> ElementwiseCluster {
        var e = Expression()
        let (parameter, gradient) = (e.operand(0), e.operand(1))
        let tensors = momentum == 0 ? 2 : 3
        let scaled = e.binary(.multiply, gradient, e.operand(tensors + 1))
        let step = e.binary(.multiply, e.operand(tensors), scaled)
        guard momentum != 0 else {
            let moved = e.binary(.subtract, parameter, step)
            return sweep(count, tensors: 2, scalars: 2, e, [moved])
        }
        let factor = e.constant(momentum)
        let velocity = e.binary(.subtract, e.binary(.multiply, factor, e.operand(2)), step)
        let change =
            nesterov
            ? e.binary(.subtract, e.binary(.multiply, factor, velocity), step) : velocity
        let moved = e.binary(.add, parameter, change)
        return sweep(count, tensors: 3, scalars: 2, e, [moved, velocity])
    }

    private static func sweep(
        _ count: Extent, tensors: Int, scalars: Int, _ expression: Expression, _ results: [Int]
    ) -> ElementwiseCluster {
        ElementwiseCluster(
            shape: [count],
            operands: Array(repeating: ClusterOperand(strides: [1]), count: tensors)
                + Array(repeating: ClusterOperand(strides: [0]), count: scalars),
            expression: expression, results: results.map { ClusterResult($0, strides: [1]) })
    }
}
