/// Arithmetic with NumPy's broadcasting. Results carry no mask.
extension Tensor {
    public static func + (left: Tensor, right: Tensor) throws -> Tensor {
        try apply(.binary(.add), [left, right])
    }

    public static func - (left: Tensor, right: Tensor) throws -> Tensor {
        try apply(.binary(.subtract), [left, right])
    }

    public static func * (left: Tensor, right: Tensor) throws -> Tensor {
        try apply(.binary(.multiply), [left, right])
    }

    public static func / (left: Tensor, right: Tensor) throws -> Tensor {
        try apply(.binary(.divide), [left, right])
    }

    public static prefix func - (x: Tensor) throws -> Tensor { try apply(.unary(.negate), [x]) }

    public static func + (left: Tensor, right: Double) throws -> Tensor {
        try left.with(right, .add)
    }

    public static func + (left: Double, right: Tensor) throws -> Tensor {
        try right.with(left, .add, scalarIsLeft: true)
    }

    public static func - (left: Tensor, right: Double) throws -> Tensor {
        try left.with(right, .subtract)
    }

    public static func - (left: Double, right: Tensor) throws -> Tensor {
        try right.with(left, .subtract, scalarIsLeft: true)
    }

    public static func * (left: Tensor, right: Double) throws -> Tensor {
        try left.with(right, .multiply)
    }

    public static func * (left: Double, right: Tensor) throws -> Tensor {
        try right.with(left, .multiply, scalarIsLeft: true)
    }

    public static func / (left: Tensor, right: Double) throws -> Tensor {
        try left.with(right, .divide)
    }

    public static func / (left: Double, right: Tensor) throws -> Tensor {
        try right.with(left, .divide, scalarIsLeft: true)
    }

    public func power(_ exponent: Tensor) throws -> Tensor {
        try Tensor.apply(.binary(.power), [self, exponent])
    }

    public func power(_ exponent: Double) throws -> Tensor { try with(exponent, .power) }

    /// The larger of the two, elementwise; NaN if either is.
    public func maximum(_ other: Tensor) throws -> Tensor {
        try Tensor.apply(.binary(.maximum), [self, other])
    }

    public func maximum(_ other: Double) throws -> Tensor { try with(other, .maximum) }

    /// The smaller of the two, elementwise; NaN if either is.
    public func minimum(_ other: Tensor) throws -> Tensor {
        try Tensor.apply(.binary(.minimum), [self, other])
    }

    public func minimum(_ other: Double) throws -> Tensor { try with(other, .minimum) }

    /// Of bool tensors: whether both are true.
    public func and(_ other: Tensor) throws -> Tensor {
        try Tensor.apply(.binary(.and), [self, other])
    }

    /// Of bool tensors: whether either is true.
    public func or(_ other: Tensor) throws -> Tensor {
        try Tensor.apply(.binary(.or), [self, other])
    }

    /// Of a bool tensor: the opposite.
    public func not() throws -> Tensor { try Tensor.apply(.unary(.not), [self]) }

    /// An elementwise comparison: `x.compare(.gt, y)` is bool.
    public func compare(_ direction: Compare.Direction, _ other: Tensor) throws -> Tensor {
        try Tensor.apply(.compare(direction), [self, other])
    }

    public func compare(_ direction: Compare.Direction, _ other: Double) throws -> Tensor {
        try Tensor.apply(.compareWithScalar(direction, other), [self])
    }

    /// Of a bool tensor: `x` where it is true, `y` elsewhere.
    public func select(_ x: Tensor, _ y: Tensor) throws -> Tensor {
        try Tensor.apply(.select, [self, x, y])
    }

    private func with(
        _ scalar: Double, _ kind: Binary.Kind, scalarIsLeft: Bool = false
    ) throws -> Tensor {
        try Tensor.apply(.binaryWithScalar(kind, scalar, scalarIsLeft: scalarIsLeft), [self])
    }
}
