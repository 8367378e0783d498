/// The arithmetic of an optimizer's update of one element.
///
/// What changes from step to step comes in operands of one element, so that a schedule needs no new
/// code. The state's buffers are operands and results at once.
package protocol OptimizerFormula: Hashable, Sendable {
    /// Operands that have an element for each of the parameter's; all others are scalars.
    var tensorOperands: [Int] { get }
    var operandCount: Int { get }
    /// The operand that each result replaces.
    var updatedOperands: [Int] { get }

    /// Appends the update and gives the new values, in the order of `updatedOperands`.
    func append(to expression: inout Expression) -> [Int]
}

extension OptimizerFormula {
    /// One sweep over a flat stretch of parameters.
    package func sweep(count: Extent) -> ElementwiseCluster {
        var expression = Expression()
        let results = append(to: &expression)
        return ElementwiseCluster(
            shape: [count],
            operands: (0..<operandCount).map {
                ClusterOperand(strides: [tensorOperands.contains($0) ? 1 : 0])
            },
            expression: expression, results: results.map { ClusterResult($0, strides: [1]) })
    }
}

/// Adam: `m += (g − m)(1 − β₁)`, `v += (g² − v)(1 − β₂)`, `p −= α·m/(√v + ε)`; decay first:
/// `p −= p·d`.
///
/// Operands: p, g, m, v, α, ε, then what there is of squares (in place of g²), scale (of g) and d.
package struct AdamFormula: OptimizerFormula {
    package var beta1: Float
    package var beta2: Float
    package var hasSquares: Bool
    package var hasScale: Bool
    package var hasDecay: Bool

    package init(
        beta1: Float = 0.9, beta2: Float = 0.999, hasSquares: Bool = false, hasScale: Bool = false,
        hasDecay: Bool = false
    ) {
        self.beta1 = beta1
        self.beta2 = beta2
        self.hasSquares = hasSquares
        self.hasScale = hasScale
        self.hasDecay = hasDecay
    }

    package var tensorOperands: [Int] { [0, 1, 2, 3] + (hasSquares ? [6] : []) }
    package var operandCount: Int { 6 + [hasSquares, hasScale, hasDecay].count { $0 } }
    package var updatedOperands: [Int] { [0, 2, 3] }

    package func append(to e: inout Expression) -> [Int] {
        var parameter = e.operand(0)
        var gradient = e.operand(1)
        let (m, v) = (e.operand(2), e.operand(3))
        if hasScale {
            gradient = e.binary(.multiply, gradient, e.operand(6 + (hasSquares ? 1 : 0)))
        }
        if hasDecay {
            let decay = e.operand(operandCount - 1)
            parameter = e.binary(.subtract, parameter, e.binary(.multiply, parameter, decay))
        }
        let newM = e.multiplyAdd(e.binary(.subtract, gradient, m), e.constant(1 - beta1), m)
        let square = hasSquares ? e.operand(6) : e.binary(.multiply, gradient, gradient)
        let newV = e.multiplyAdd(e.binary(.subtract, square, v), e.constant(1 - beta2), v)
        let deviation = e.binary(.add, e.unary(.squareRoot, newV), e.operand(5))
        let move = e.binary(.divide, e.binary(.multiply, e.operand(4), newM), deviation)
        return [e.binary(.subtract, parameter, move), newM, newV]
    }
}

/// Gradient descent: `p −= rate·g`, or with momentum μ `b = μ·b − rate·g` and `p += b`, or
/// Nesterov's `p += μ·b − rate·g`; decay first: `p −= p·d`.
///
/// Operands: p, g, rate, then what there is of b and d.
package struct GradientDescentFormula: OptimizerFormula {
    package var momentum: Float
    package var isNesterov: Bool
    package var hasDecay: Bool

    package init(momentum: Float = 0, isNesterov: Bool = false, hasDecay: Bool = false) {
        self.momentum = momentum
        self.isNesterov = isNesterov
        self.hasDecay = hasDecay
    }

    private var hasVelocity: Bool { momentum > 0 }
    package var tensorOperands: [Int] { [0, 1] + (hasVelocity ? [3] : []) }
    package var operandCount: Int { 3 + [hasVelocity, hasDecay].count { $0 } }
    package var updatedOperands: [Int] { [0] + (hasVelocity ? [3] : []) }

    package func append(to e: inout Expression) -> [Int] {
        var parameter = e.operand(0)
        if hasDecay {
            let decay = e.operand(operandCount - 1)
            parameter = e.binary(.subtract, parameter, e.binary(.multiply, parameter, decay))
        }
        let step = e.binary(.multiply, e.operand(1), e.operand(2))
        guard hasVelocity else { return [e.binary(.subtract, parameter, step)] }
        let factor = e.constant(momentum)
        let velocity = e.binary(.subtract, e.binary(.multiply, factor, e.operand(3)), step)
        let change =
            isNesterov
            ? e.binary(.subtract, e.binary(.multiply, factor, velocity), step) : velocity
        return [e.binary(.add, parameter, change), velocity]
    }
}
