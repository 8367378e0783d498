extension ActivationFunction {
    /// Writes the function into a trace.
    ///
    /// Pieces are chosen by `select` and not by `maximum`, so that slopes at the corners are
    /// Keras's: 0 for relu at 0, where `maximum` would share the gradient.
    func emit(_ x: Tensor, in tracer: Tracer) throws -> Tensor {
        guard x.dtype.isFloat else {
            throw LayerError(
                path: tracer.path, "activation \(name): expected a float tensor, received \(x)")
        }
        switch self {
        case .linear: return x
        case .relu: return try x.compare(.gt, 0).select(x, x.splat(0))
        case .relu6: return try x.open(0, 6)
        case .boundedReLU(let slope, let maximum, let threshold):
            return try emitBoundedReLU(x, slope, maximum, threshold)
        case .leakyReLU(let slope): return try x.compare(.gt, 0).select(x, x * slope)
        case .elu(let alpha):
            return try x.compare(.gt, 0).select(x, x.negativePart().exponentialMinusOne() * alpha)
        case .celu(let alpha):
            let positive = try x.compare(.ge, 0).select(x, x.splat(0))
            return try positive + (x.negativePart() / alpha).exponentialMinusOne() * alpha
        case .selu:
            let (alpha, scale) = (1.6732632423543772, 1.0507009873554805)
            let negative = try x.negativePart().exponentialMinusOne() * (alpha * scale)
            return try x.compare(.lt, 0).select(negative, x * scale)
        case .exponential: return try x.exponential()
        case .glu(let axis): return try emitGLU(x, axis)
        case .softmax(let axis): return try x.softmax(axis: axis)
        case .logSoftmax(let axis):
            let axis = try x.resolve(axis: axis, for: "log_softmax")
            return try tracer.emit(.logSoftmax(LogSoftmax(axis: axis)), [x])[0]
        case .sparsemax(let axis): return try emitSparsemax(x, axis, in: tracer)
        case .gelu(let approximate):
            return try tracer.emit(.gelu(Gelu(isApproximate: approximate)), [x])[0]
        case .softShrink, .hardShrink, .threshold, .hardTanh, .sparsePlus, .sparseSigmoid:
            return try emitPiecewise(x)
        case .sigmoid, .logSigmoid, .hardSigmoid, .tanh, .tanhShrink, .silu, .hardSilu, .mish,
            .softplus, .softsign, .squareplus:
            return try emitSmooth(x)
        }
    }

    private func emitSmooth(_ x: Tensor) throws -> Tensor {
        switch self {
        case .sigmoid: return try x.sigmoid()
        case .logSigmoid: return try -((-x).softplus())
        case .hardSigmoid: return try (x + 3).open(0, 6) / 6
        case .tanh: return try x.tanh()
        case .tanhShrink: return try x - x.tanh()
        case .silu: return try x * x.sigmoid()
        case .hardSilu: return try x * ((x + 3).open(0, 6) / 6)
        case .mish: return try x * x.softplus().tanh()
        case .softplus: return try x.softplus()
        case .softsign: return try x / (x.abs() + 1)
        case .squareplus(let b): return try (x + (x * x + b).squareRoot()) / 2
        default: return x
        }
    }

    private func emitPiecewise(_ x: Tensor) throws -> Tensor {
        let zero = try x.splat(0)
        switch self {
        case .softShrink(let threshold):
            let negative = try x.compare(.lt, -threshold).select(x + threshold, zero)
            return try x.compare(.gt, threshold).select(x - threshold, negative)
        case .hardShrink(let threshold):
            return try x.abs().compare(.gt, threshold).select(x, zero)
        case .threshold(let threshold, let defaultValue):
            return try x.compare(.gt, threshold).select(x, x.splat(defaultValue))
        case .hardTanh:
            let below = try x.compare(.lt, -1).select(x.splat(-1), x)
            return try x.compare(.gt, 1).select(x.splat(1), below)
        case .sparsePlus:
            let middle = try x.compare(.lt, 1).select((x + 1).squared() / 4, x)
            return try x.compare(.le, -1).select(zero, middle)
        case .sparseSigmoid:
            let middle = try x.compare(.ge, 1).select(x.splat(1), (x + 1) / 2)
            return try x.compare(.le, -1).select(zero, middle)
        default: return x
        }
    }

    private func emitBoundedReLU(
        _ x: Tensor, _ slope: Double, _ maximum: Double?, _ threshold: Double
    ) throws -> Tensor {
        let below = try slope == 0 ? x.splat(0) : (x - threshold) * slope
        let result = try x.compare(.gt, threshold).select(x, below)
        guard let maximum else { return result }
        return try x.compare(.lt, maximum).select(result, x.splat(maximum))
    }

    private func emitGLU(_ x: Tensor, _ axis: Int) throws -> Tensor {
        let axis = try x.resolve(axis: axis, for: "glu")
        guard let extent = x.shape[axis].fixed, extent.isMultiple(of: 2) else {
            throw LayerError(
                path: x.originPath, "glu: axis \(axis) of \(x) must have an even, known extent")
        }
        let gate = try x.slice(axis: axis, (extent / 2)..<extent).sigmoid()
        return try x.slice(axis: axis, 0..<(extent / 2)) * gate
    }

    /// `max(x - τ, 0)`. With the elements sorted downwards and S their running sums, the support are
    /// those with `n x > S - 1`, n their place; `τ = (Σ S over the support - 1) / its size`.
    private func emitSparsemax(_ x: Tensor, _ axis: Int, in tracer: Tracer) throws -> Tensor {
        let axis = try x.resolve(axis: axis, for: "sparsemax")
        var order = Array(0..<x.rank)
        order.swapAt(axis, x.rank - 1)
        let rows = try x.transposed(order)
        let own = try rows.expandingAxes(-1)  // […, n, 1]
        let others = try rows.expandingAxes(-2)  // […, 1, n]
        // Sorting without a sort: which elements come before each, equal ones by their index.
        let square = TensorType(.i32, [x.shape[axis], x.shape[axis]])
        let place = try tracer.emit(.iota(Iota(square, axis: 0)), [])[0]
        let other = try tracer.emit(.iota(Iota(square, axis: 1)), [])[0]
        let isEarlierEqual = try others.compare(.eq, own).and(
            other.compare(.le, place).broadcast(like: others.compare(.eq, own)))
        let isBefore = try others.compare(.gt, own).or(isEarlierEqual).converted(to: x.dtype)
        let count = try isBefore.sum(axes: [-1])
        let runningSum = try (isBefore * others).sum(axes: [-1])
        let support = try (rows * count + 1).compare(.gt, runningSum).converted(to: x.dtype)
        let size = try support.sum(axes: [-1], keepsAxes: true)
        let excess = try (support * runningSum).sum(axes: [-1], keepsAxes: true) - 1
        let shifted = try rows - excess / size
        return try shifted.compare(.ge, 0).select(shifted, shifted.splat(0)).transposed(order)
    }
}

extension Tensor {
    /// A constant of the same type.
    func splat(_ value: Double) throws -> Tensor {
        guard case .traced(let tracer, _) = source else {
            throw LayerError("a constant needs a trace")
        }
        return tracer.tensor(try tracer.builder.splat(value, type))
    }

    func exponentialMinusOne() throws -> Tensor { try unary(.exponentialMinusOne) }

    /// `min(x, 0)`, with slope 1 at 0.
    fileprivate func negativePart() throws -> Tensor { try compare(.le, 0).select(self, splat(0)) }

    /// Cut to a range, with slope 1 strictly inside.
    fileprivate func open(_ lower: Double, _ upper: Double) throws -> Tensor {
        let above = try compare(.lt, upper).select(self, splat(upper))
        return try compare(.gt, lower).select(above, splat(lower))
    }

    /// `log(1 + eˣ)` without overflow. `maximum` shares its gradient at 0, which gives the slope ½.
    fileprivate func softplus() throws -> Tensor {
        try maximum(0) + (-abs()).exponential().unary(.logPlusOne)
    }
}
