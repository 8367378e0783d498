/// Elementwise functions and reductions. Results carry no mask.
extension Tensor {
    /// An elementwise function of the IR by its kind.
    public func unary(_ kind: Unary.Kind) throws -> Tensor {
        try Tensor.apply(.unary(kind), [self])
    }

    public func abs() throws -> Tensor { try unary(.abs) }
    public func exponential() throws -> Tensor { try unary(.exponential) }
    public func log() throws -> Tensor { try unary(.log) }
    public func squareRoot() throws -> Tensor { try unary(.sqrt) }
    public func reciprocalSquareRoot() throws -> Tensor { try unary(.rsqrt) }
    public func tanh() throws -> Tensor { try unary(.tanh) }
    public func sigmoid() throws -> Tensor { try unary(.logistic) }
    public func squared() throws -> Tensor { try self * self }

    /// One of Keras's activation functions: `x.activation(.gelu)`.
    public func activation(_ function: ActivationFunction) throws -> Tensor {
        try Tensor.apply(.activation(function), [self])
    }

    /// `exp(x - max x) / Σ exp(x - max x)` along an axis.
    public func softmax(axis: Int = -1) throws -> Tensor {
        try Tensor.apply(.softmax(axis: resolve(axis: axis, for: "softmax")), [self])
    }

    /// Combines the elements along axes (all by default); the axes vanish, or stay with extent 1.
    public func reduced(
        _ reduction: Reduction, axes: [Int]? = nil, keepsAxes: Bool = false
    ) throws -> Tensor {
        let resolved = try axes?.map { try resolve(axis: $0, for: reduction.rawValue) }.sorted()
        if let resolved, Set(resolved).count != resolved.count {
            throw LayerError(path: originPath, "\(reduction.rawValue): an axis is named twice")
        }
        return try Tensor.apply(
            .reduce(reduction, axes: resolved, keepsAxes: keepsAxes), [self])
    }

    public func sum(axes: [Int]? = nil, keepsAxes: Bool = false) throws -> Tensor {
        try reduced(.sum, axes: axes, keepsAxes: keepsAxes)
    }

    public func mean(axes: [Int]? = nil, keepsAxes: Bool = false) throws -> Tensor {
        try reduced(.mean, axes: axes, keepsAxes: keepsAxes)
    }

    public func max(axes: [Int]? = nil, keepsAxes: Bool = false) throws -> Tensor {
        try reduced(.max, axes: axes, keepsAxes: keepsAxes)
    }

    public func min(axes: [Int]? = nil, keepsAxes: Bool = false) throws -> Tensor {
        try reduced(.min, axes: axes, keepsAxes: keepsAxes)
    }

    /// The population variance.
    public func variance(axes: [Int]? = nil, keepsAxes: Bool = false) throws -> Tensor {
        try (self - mean(axes: axes, keepsAxes: true)).squared()
            .mean(axes: axes, keepsAxes: keepsAxes)
    }

    /// The first index of the largest element along an axis, i32.
    public func argMax(axis: Int = -1) throws -> Tensor {
        try Tensor.apply(.argMax(axis: resolve(axis: axis, for: "argMax")), [self])
    }

    /// The matrix product over the last two axes; the axes before them broadcast.
    public func matmul(_ other: Tensor) throws -> Tensor {
        try Tensor.apply(.matmul, [self, other])
    }

    /// A contraction in Einstein's notation: `x.einsum("abc,cd->abd", w)`.
    ///
    /// Each letter is an axis; those missing from the result are summed over. `...` stands for
    /// leading axes of the first operand and of the result.
    public func einsum(_ equation: String, _ other: Tensor) throws -> Tensor {
        try Tensor.apply(.einsum(equation), [self, other])
    }

    /// Rows of this table by integer index: `table.rows(at: ids)`.
    public func rows(at indices: Tensor) throws -> Tensor {
        try Tensor.apply(.gather, [self, indices])
    }
}
