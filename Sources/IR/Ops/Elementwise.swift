import Foundation

/// An elementwise function of one operand.
public struct Unary: PrimitiveOperation {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case negate, abs, sign, floor, ceil
        case exponential, exponentialMinusOne = "exponential_minus_one"
        case log, logPlusOne = "log_plus_one"
        case sqrt, rsqrt, tanh, logistic, erf, sine, cosine
        case not
        case isFinite = "is_finite"
    }

    public var kind: Kind

    public init(_ kind: Kind) { self.kind = kind }

    public init(reading attributes: inout AttributeReader) throws {
        self.init(try attributes.opName())
    }

    public var name: String { kind.rawValue }
    public var attributes: [Attribute] { [] }

    public func resultTypes(_ operands: [TensorType]) throws -> [TensorType] {
        try TypeMismatch.requireCount(operands, 1)
        let type = operands[0]
        switch kind {
        case .not:
            try TypeMismatch.require(type.dtype == .bool, "expected bool, received \(type.dtype)")
        case .negate, .abs, .sign:
            try TypeMismatch.require(
                type.dtype != .bool, "expected a number, received \(type.dtype)")
        case .isFinite:
            try TypeMismatch.require(
                type.dtype.isFloat, "expected a float type, received \(type.dtype)")
            return [type.with(dtype: .bool)]
        case .floor, .ceil, .exponential, .exponentialMinusOne, .log, .logPlusOne, .sqrt, .rsqrt,
            .tanh, .logistic, .erf, .sine, .cosine:
            try TypeMismatch.require(
                type.dtype.isFloat, "expected a float type, received \(type.dtype)")
        }
        return [type]
    }

    public var gradient: GradientRule {
        switch kind {
        case .sign, .floor, .ceil, .not, .isFinite: .zero
        default: .rule { try [derivative($0)] }
        }
    }

    private func derivative(_ context: GradientContext) throws -> Value? {
        let b = context.builder
        let (x, y, dy) = (context.operands[0], context.results[0], try context.cotangent())
        switch kind {
        case .negate: return try b.negate(dy)
        case .abs: return try b.multiply(dy, b.unary(.sign, x))
        case .exponential: return try b.multiply(dy, y)
        case .exponentialMinusOne: return try b.multiply(dy, b.add(y, 1))
        case .log: return try b.divide(dy, x)
        case .logPlusOne: return try b.divide(dy, b.add(x, 1))
        case .sqrt: return try b.divide(dy, b.multiply(y, 2))
        case .rsqrt: return try b.multiply(dy, b.multiply(b.divide(y, x), -0.5))
        case .tanh: return try b.multiply(dy, b.subtract(1, b.multiply(y, y)))
        case .logistic: return try b.multiply(dy, b.multiply(y, b.subtract(1, y)))
        case .erf:
            let slope = try b.multiply(
                b.unary(.exponential, b.negate(b.multiply(x, x))), 2 / Double.pi.squareRoot())
            return try b.multiply(dy, slope)
        case .sine: return try b.multiply(dy, b.unary(.cosine, x))
        case .cosine: return try b.negate(b.multiply(dy, b.unary(.sine, x)))
        case .sign, .floor, .ceil, .not, .isFinite: return nil
        }
    }

    public func evaluate(
        _ operands: [ReferenceTensor], resultTypes: [TensorType], extents: SymbolExtents
    ) throws -> [ReferenceTensor] {
        [operands[0].mapElements(resultTypes[0].dtype, function)]
    }

    /// The function on one element, as the reference kernel computes it.
    package var function: (Double) -> Double {
        switch kind {
        case .negate: { -$0 }
        case .abs: { Swift.abs($0) }
        case .sign: { $0.isNaN ? .nan : $0 > 0 ? 1 : $0 < 0 ? -1 : 0 }
        case .floor: { $0.rounded(.down) }
        case .ceil: { $0.rounded(.up) }
        case .exponential: { Foundation.exp($0) }
        case .exponentialMinusOne: { Foundation.expm1($0) }
        case .log: { Foundation.log($0) }
        case .logPlusOne: { Foundation.log1p($0) }
        case .sqrt: { $0.squareRoot() }
        case .rsqrt: { 1 / $0.squareRoot() }
        case .tanh: { Foundation.tanh($0) }
        case .logistic: { 1 / (1 + Foundation.exp(-$0)) }
        case .erf: { Foundation.erf($0) }
        case .sine: { Foundation.sin($0) }
        case .cosine: { Foundation.cos($0) }
        case .not: { 1 - $0 }
        case .isFinite: { $0.isFinite ? 1 : 0 }
        }
    }
}

/// An elementwise function of two operands of one type.
///
/// Integer division rounds toward zero and yields -1 for a zero divisor; `remainder` takes the
/// dividend's sign (StableHLO leaves a zero divisor open; this rule closes it). `maximum` and
/// `minimum` return NaN if an operand is NaN.
public struct Binary: PrimitiveOperation {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case add, subtract, multiply, divide, maximum, minimum, power, remainder
        case and, or
    }

    public var kind: Kind

    public init(_ kind: Kind) { self.kind = kind }

    public init(reading attributes: inout AttributeReader) throws {
        self.init(try attributes.opName())
    }

    public var name: String { kind.rawValue }
    public var attributes: [Attribute] { [] }

    public func resultTypes(_ operands: [TensorType]) throws -> [TensorType] {
        try TypeMismatch.requireCount(operands, 2)
        try TypeMismatch.requireSame("second operand", operands[0], operands[1])
        let dtype = operands[0].dtype
        switch kind {
        case .and, .or:
            try TypeMismatch.require(dtype == .bool, "expected bool, received \(dtype)")
        default:
            try TypeMismatch.require(dtype != .bool, "expected a number, received \(dtype)")
        }
        return [operands[0]]
    }

    public var gradient: GradientRule {
        switch kind {
        case .remainder, .and, .or: .zero
        default: .rule(derivatives)
        }
    }

    private func derivatives(_ context: GradientContext) throws -> [Value?] {
        let b = context.builder
        let (x, y) = (context.operands[0], context.operands[1])
        let (z, dz) = (context.results[0], try context.cotangent())
        switch kind {
        case .add: return [dz, dz]
        case .subtract: return [dz, try b.negate(dz)]
        case .multiply: return [try b.multiply(dz, y), try b.multiply(dz, x)]
        case .divide:
            let dx = try b.divide(dz, y)
            return [dx, try b.negate(b.multiply(dx, z))]
        case .maximum, .minimum:
            // Ties give half to each side, as TensorFlow's maximum does not; JAX's does.
            let wins = try b.compare(kind == .maximum ? .gt : .lt, x, y)
            let ties = try b.compare(.eq, x, y)
            let half = try b.multiply(dz, 0.5)
            let zero = try b.splat(0, b.type(of: dz))
            let dx = try b.select(ties, half, b.select(wins, dz, zero))
            return [dx, try b.subtract(dz, dx)]
        case .power:
            let dx = try b.multiply(dz, b.multiply(y, b.power(x, b.add(y, -1))))
            let zero = try b.splat(0, b.type(of: x))
            let one = try b.splat(1, b.type(of: x))
            let positive = try b.compare(.gt, x, zero)
            let logarithm = try b.unary(.log, b.select(positive, x, one))
            return [dx, try b.multiply(dz, b.multiply(z, logarithm))]
        case .remainder, .and, .or: return [nil, nil]
        }
    }

    public func evaluate(
        _ operands: [ReferenceTensor], resultTypes: [TensorType], extents: SymbolExtents
    ) throws -> [ReferenceTensor] {
        let f = function(integer: resultTypes[0].dtype.isInteger)
        var result = operands[0]
        for index in result.elements.indices {
            result.elements[index] = f(operands[0].elements[index], operands[1].elements[index])
        }
        return [result.wrapped()]
    }

    /// The function on one pair of elements, as the reference kernel computes it.
    package func function(integer: Bool) -> (Double, Double) -> Double {
        switch kind {
        case .add: { $0 + $1 }
        case .subtract: { $0 - $1 }
        case .multiply: { $0 * $1 }
        case .divide: integer ? { $1 == 0 ? -1 : ($0 / $1).rounded(.towardZero) } : { $0 / $1 }
        case .maximum: { $0.isNaN || $1.isNaN ? .nan : max($0, $1) }
        case .minimum: { $0.isNaN || $1.isNaN ? .nan : min($0, $1) }
        case .power: { Foundation.pow($0, $1) }
        case .remainder:
            integer
                ? { $1 == 0 ? $0 : $0.truncatingRemainder(dividingBy: $1) }
                : { $0.truncatingRemainder(dividingBy: $1) }
        case .and: { $0 * $1 }
        case .or: { max($0, $1) }
        }
    }
}

/// `result = operand0 ? operand1 : operand2`, elementwise.
public struct Select: PrimitiveOperation {
    public init() {}

    public init(reading attributes: inout AttributeReader) throws {
        self.init()
    }

    public var name: String { "select" }
    public var attributes: [Attribute] { [] }

    public func resultTypes(_ operands: [TensorType]) throws -> [TensorType] {
        try TypeMismatch.requireCount(operands, 3)
        try TypeMismatch.requireSame(
            "condition", operands[1].with(dtype: .bool), operands[0])
        try TypeMismatch.requireSame("third operand", operands[1], operands[2])
        return [operands[1]]
    }

    public var gradient: GradientRule {
        .rule { context in
            let b = context.builder
            let dz = try context.cotangent()
            let zero = try b.splat(0, b.type(of: dz))
            return [
                nil, try b.select(context.operands[0], dz, zero),
                try b.select(context.operands[0], zero, dz),
            ]
        }
    }

    public func evaluate(
        _ operands: [ReferenceTensor], resultTypes: [TensorType], extents: SymbolExtents
    ) throws -> [ReferenceTensor] {
        var result = operands[1]
        for index in result.elements.indices where operands[0].elements[index] == 0 {
            result.elements[index] = operands[2].elements[index]
        }
        return [result]
    }
}

/// An elementwise comparison; every comparison with NaN is false but `ne`.
public struct Compare: PrimitiveOperation {
    public enum Direction: String, Hashable, Sendable, CaseIterable {
        case eq, ne, lt, le, gt, ge
    }

    public var direction: Direction

    public init(_ direction: Direction) { self.direction = direction }

    public init(reading attributes: inout AttributeReader) throws {
        self.init(try attributes.word("direction"))
    }

    public var name: String { "compare" }
    public var attributes: [Attribute] { [Attribute("direction", .word(direction.rawValue))] }
    public var gradient: GradientRule { .zero }

    public func resultTypes(_ operands: [TensorType]) throws -> [TensorType] {
        try TypeMismatch.requireCount(operands, 2)
        try TypeMismatch.requireSame("second operand", operands[0], operands[1])
        return [operands[0].with(dtype: .bool)]
    }

    public func evaluate(
        _ operands: [ReferenceTensor], resultTypes: [TensorType], extents: SymbolExtents
    ) throws -> [ReferenceTensor] {
        var result = operands[0].mapElements(.bool) { $0 }
        for index in result.elements.indices {
            result.elements[index] =
                function(operands[0].elements[index], operands[1].elements[index]) ? 1 : 0
        }
        return [result]
    }

    /// The comparison of one pair of elements.
    package var function: (Double, Double) -> Bool {
        switch direction {
        case .eq: { $0 == $1 }
        case .ne: { $0 != $1 }
        case .lt: { $0 < $1 }
        case .le: { $0 <= $1 }
        case .gt: { $0 > $1 }
        case .ge: { $0 >= $1 }
        }
    }
}

/// Another element type for the same values.
///
/// Float to integer truncates toward zero, saturates, and sends NaN to 0; anything to bool is
/// `≠ 0`; integers wrap into narrower ones.
public struct Convert: PrimitiveOperation {
    public var dtype: DType

    public init(to dtype: DType) { self.dtype = dtype }

    public init(reading attributes: inout AttributeReader) throws {
        self.init(to: try attributes.word("to"))
    }

    public var name: String { "convert" }
    public var attributes: [Attribute] { [Attribute("to", .word(dtype.rawValue))] }

    public func resultTypes(_ operands: [TensorType]) throws -> [TensorType] {
        try TypeMismatch.requireCount(operands, 1)
        return [operands[0].with(dtype: dtype)]
    }

    public var gradient: GradientRule {
        guard dtype.isFloat else { return .zero }
        return .rule { context in
            let from = context.type(0).dtype
            guard from.isFloat else { return [nil] }
            return [try context.builder.convert(context.cotangent(), to: from)]
        }
    }

    public func evaluate(
        _ operands: [ReferenceTensor], resultTypes: [TensorType], extents: SymbolExtents
    ) throws -> [ReferenceTensor] {
        let operand = operands[0]
        if dtype == .bool { return [operand.mapElements(.bool) { $0 != 0 ? 1 : 0 }] }
        guard let range = dtype.integerRange else { return [operand.mapElements(dtype) { $0 }] }
        if operand.dtype.isFloat {
            return [
                operand.mapElements(dtype) {
                    $0.isNaN
                        ? 0
                        : min(max($0.rounded(.towardZero), range.lowerBound), range.upperBound)
                }
            ]
        }
        return [operand.mapElements(dtype) { $0 }.wrapped()]
    }
}

extension ReferenceTensor {
    /// Integers outside their type's range wrap around, as two's complement does.
    func wrapped() -> ReferenceTensor {
        dtype.isInteger ? mapElements { dtype.wrapping($0) } : self
    }
}

extension DType {
    /// A whole number as an integer type holds it, wrapped around; i64 saturates where a Double
    /// no longer tells whole numbers apart.
    package func wrapping(_ value: Double) -> Double {
        guard let whole = Int64(exactly: value) else { return value }
        switch self {
        case .i8: return Double(Int8(truncatingIfNeeded: whole))
        case .u8: return Double(UInt8(truncatingIfNeeded: whole))
        case .i32: return Double(Int32(truncatingIfNeeded: whole))
        case .i64, .f32, .f64, .bf16, .f16, .bool: return value
        }
    }
}
