/// Parameter updates over plain runs of elements, as Keras makes them.
package enum OptimizerKernel {
    package struct Adam: Sendable {
        /// lr · √(1 − β₂ᵗ) / (1 − β₁ᵗ): Keras keeps epsilon outside the bias correction.
        package var stepSize: Float
        package var beta1: Double
        package var beta2: Double
        package var epsilon: Float
        /// Weight decay times learning rate; 0 for none.
        package var decay: Float
        /// What gradients are multiplied by.
        package var gradientScale: Float

        package init(
            stepSize: Float, beta1: Double, beta2: Double, epsilon: Float, decay: Float = 0,
            gradientScale: Float = 1
        ) {
            self.stepSize = stepSize
            self.beta1 = beta1
            self.beta2 = beta2
            self.epsilon = epsilon
            self.decay = decay
            self.gradientScale = gradientScale
        }

        /// The step size at update `t` (the first is 1).
        package static func stepSize(
            learningRate: Double, beta1: Double, beta2: Double, update t: Int
        ) -> Double {
            let (power1, power2) = (power(beta1, t), power(beta2, t))
            return learningRate * (1 - power2).squareRoot() / (1 - power1)
        }

        private static func power(_ base: Double, _ exponent: Int) -> Double {
            var (result, square, rest) = (1.0, base, max(exponent, 0))
            while rest > 0 {
                if rest & 1 == 1 { result *= square }
                square *= square
                rest >>= 1
            }
            return result
        }
    }

    /// `w −= decay · w; m += (g − m)(1 − β₁); v += (g² − v)(1 − β₂); w −= stepSize · m / (√v + ε)`
    /// with `g = gradientScale · gradient`.
    ///
    /// - Parameter squares: in place of g².
    package static func adam(
        _ adam: Adam, weights: UnsafeMutablePointer<Float>, gradients: UnsafePointer<Float>,
        squares: UnsafePointer<Float>? = nil, m: UnsafeMutablePointer<Float>,
        v: UnsafeMutablePointer<Float>, count: Int
    ) {
        let rate1 = Float(1 - adam.beta1)
        let rate2 = Float(1 - adam.beta2)
        let (kept, scale) = (adam.decay, adam.gradientScale)
        mapRange(gradients, m, m, count) { g, m in m + (g * scale - m) * rate1 }
        if let squares {
            mapRange(squares, v, v, count) { square, v in v + (square - v) * rate2 }
        } else {
            mapRange(gradients, v, v, count) { g, v in
                let scaled = g * scale
                return v + (scaled * scaled - v) * rate2
            }
        }
        let stepSize = adam.stepSize
        let epsilon = adam.epsilon
        mapRange(weights, m, v, weights, count) { w, m, v in
            (w - w * kept) - m * stepSize / (squareRoot(v) + epsilon)
        }
    }

    package struct SGD: Sendable {
        package var learningRate: Float
        package var momentum: Float
        package var isNesterov: Bool
        /// Weight decay times learning rate; 0 for none.
        package var decay: Float

        package init(
            learningRate: Float, momentum: Float = 0, isNesterov: Bool = false, decay: Float = 0
        ) {
            self.learningRate = learningRate
            self.momentum = momentum
            self.isNesterov = isNesterov
            self.decay = decay
        }
    }

    /// `w −= decay · w`, then `v ← momentum · v − lr · g` and `w += v`, or with Nesterov's
    /// look-ahead `w += momentum · v − lr · g`; without velocity `w −= lr · g`.
    package static func sgd(
        _ sgd: SGD, weights: UnsafeMutablePointer<Float>, gradients: UnsafePointer<Float>,
        velocity: UnsafeMutablePointer<Float>?, count: Int
    ) {
        let (rate, momentum, decay) = (sgd.learningRate, sgd.momentum, sgd.decay)
        guard let velocity else {
            mapRange(weights, gradients, weights, count) { w, g in (w - w * decay) - g * rate }
            return
        }
        mapRange(velocity, gradients, velocity, count) { v, g in v * momentum - g * rate }
        if sgd.isNesterov {
            mapRange(weights, velocity, gradients, weights, count) { w, v, g in
                (w - w * decay) + (v * momentum - g * rate)
            }
        } else {
            mapRange(weights, velocity, weights, count) { w, v in (w - w * decay) + v }
        }
    }
}

/// √x by lane, correctly rounded; not-a-number below zero.
@inline(__always)
package func squareRoot(_ x: Float8) -> Float8 {
    var y = x
    for lane in 0..<8 { y[lane] = x[lane].squareRoot() }
    return y
}
