infix operator .< : ComparisonPrecedence
infix operator .<= : ComparisonPrecedence
infix operator .> : ComparisonPrecedence
infix operator .>= : ComparisonPrecedence
infix operator .== : ComparisonPrecedence

/// A value of the function being built. Operators emit instructions; index arithmetic on constants
/// is folded on the way, and a scalar meeting a vector is splatted.
package struct Value {
    package let id: ValueID
    package let type: ValueType
    package let builder: LoopBuilder

    /// The integer this value is known to be.
    package var integer: Int? {
        guard case .integer(let value)? = builder.constants[id] else { return nil }
        return Int(value)
    }

    package func like(_ integer: Int) -> Value { builder.constant(integer, type) }

    package func like(_ float: Double) -> Value {
        builder.constant(Float(float), lanes: type.lanes)
    }

    // Arithmetic

    private static func binary(_ operation: BinaryOperation, _ a: Value, _ b: Value) -> Value {
        let lanes = max(a.type.lanes, b.type.lanes)
        let (a, b) = (a.splat(lanes), b.splat(lanes))
        precondition(a.type == b.type, "\(operation) of \(a.type) and \(b.type)")
        if let folded = fold(operation, a, b) { return folded }
        return a.builder.emit(.binary(operation, a.id, b.id), a.type)
    }

    private static func fold(_ operation: BinaryOperation, _ a: Value, _ b: Value) -> Value? {
        guard a.type == .index else { return nil }
        switch (operation, a.integer, b.integer) {
        case (.add, let x?, let y?): return a.like(x + y)
        case (.subtract, let x?, let y?): return a.like(x - y)
        case (.multiply, let x?, let y?): return a.like(x * y)
        case (.minimum, let x?, let y?): return a.like(Swift.min(x, y))
        case (.maximum, let x?, let y?): return a.like(Swift.max(x, y))
        case (.unsignedQuotient, let x?, let y?) where y > 0: return a.like(x / y)
        case (.unsignedRemainder, let x?, let y?) where y > 0: return a.like(x % y)
        case (.add, 0, _), (.multiply, 1, _): return b
        case (.add, _, 0), (.subtract, _, 0), (.multiply, _, 1), (.unsignedQuotient, _, 1):
            return a
        case (.multiply, 0, _), (.multiply, _, 0), (.unsignedRemainder, _, 1): return a.like(0)
        default: return nil
        }
    }

    package func combined(_ operation: BinaryOperation, _ other: Value) -> Value {
        Value.binary(operation, self, other)
    }

    package static func + (a: Value, b: Value) -> Value { binary(.add, a, b) }
    package static func - (a: Value, b: Value) -> Value { binary(.subtract, a, b) }
    package static func * (a: Value, b: Value) -> Value { binary(.multiply, a, b) }
    package static func / (a: Value, b: Value) -> Value { binary(.divide, a, b) }
    package static func & (a: Value, b: Value) -> Value { binary(.and, a, b) }
    package static func | (a: Value, b: Value) -> Value { binary(.or, a, b) }
    package static func ^ (a: Value, b: Value) -> Value { binary(.xor, a, b) }
    package static func + (a: Value, b: Int) -> Value { a + a.like(b) }
    package static func - (a: Value, b: Int) -> Value { a - a.like(b) }
    package static func * (a: Value, b: Int) -> Value { a * a.like(b) }
    package static func & (a: Value, b: Int) -> Value { a & a.like(b) }
    package static func ^ (a: Value, b: Int) -> Value { a ^ a.like(b) }
    package static func << (a: Value, b: Int) -> Value { binary(.shiftLeft, a, a.like(b)) }
    package static func >> (a: Value, b: Int) -> Value { binary(.shiftRight, a, a.like(b)) }
    package static func + (a: Value, b: Double) -> Value { a + a.like(b) }
    package static func - (a: Value, b: Double) -> Value { a - a.like(b) }
    package static func * (a: Value, b: Double) -> Value { a * a.like(b) }
    package static func - (a: Double, b: Value) -> Value { b.like(a) - b }
    package static func / (a: Value, b: Double) -> Value { a / a.like(b) }
    package static func / (a: Double, b: Value) -> Value { b.like(a) / b }
    package static prefix func - (a: Value) -> Value { a.unary(.negate) }

    package func arithmeticShiftRight(_ count: Int) -> Value {
        Value.binary(.arithmeticShiftRight, self, like(count))
    }
    package func quotient(_ divisor: Value) -> Value {
        Value.binary(.unsignedQuotient, self, divisor)
    }
    package func quotient(_ divisor: Int) -> Value { quotient(like(divisor)) }
    package func remainder(_ divisor: Value) -> Value {
        Value.binary(.unsignedRemainder, self, divisor)
    }
    package func remainder(_ divisor: Int) -> Value { remainder(like(divisor)) }

    /// `self * b + c`, rounded once.
    package func multiplied(by b: Value, adding c: Value) -> Value {
        let lanes = max(type.lanes, b.type.lanes, c.type.lanes)
        let (x, y, z) = (splat(lanes), b.splat(lanes), c.splat(lanes))
        precondition(x.type == y.type && y.type == z.type, "fma of \(x.type) \(y.type) \(z.type)")
        return builder.emit(.fusedMultiplyAdd(x.id, y.id, z.id), x.type)
    }
    package func multiplied(by b: Value, adding c: Double) -> Value {
        multiplied(by: b, adding: b.like(c))
    }
    package func multiplied(by b: Double, adding c: Value) -> Value {
        multiplied(by: like(b), adding: c)
    }

    package func squareRoot() -> Value { unary(.squareRoot) }
    package func absolute() -> Value { unary(.absolute) }
    private func unary(_ operation: UnaryOperation) -> Value {
        builder.emit(.unary(operation, id), type)
    }

    // Comparison and choice

    package static func .< (a: Value, b: Value) -> Value { compare(.less, a, b) }
    package static func .<= (a: Value, b: Value) -> Value { compare(.lessOrEqual, a, b) }
    package static func .> (a: Value, b: Value) -> Value { compare(.greater, a, b) }
    package static func .>= (a: Value, b: Value) -> Value { compare(.greaterOrEqual, a, b) }
    package static func .== (a: Value, b: Value) -> Value { compare(.equal, a, b) }
    package static func .< (a: Value, b: Double) -> Value { a .< a.like(b) }
    package static func .> (a: Value, b: Double) -> Value { a .> a.like(b) }
    package static func .== (a: Value, b: Double) -> Value { a .== a.like(b) }

    package static func compare(_ comparison: Comparison, _ a: Value, _ b: Value) -> Value {
        let lanes = max(a.type.lanes, b.type.lanes)
        let (a, b) = (a.splat(lanes), b.splat(lanes))
        precondition(a.type == b.type, "\(comparison) of \(a.type) and \(b.type)")
        if a.type == .index, let x = a.integer, let y = b.integer {
            return a.builder.constant(comparison.holds(x, y) ? 1 : 0, ValueType(.bool))
        }
        return a.builder.emit(.compare(comparison, a.id, b.id), a.type.with(.bool))
    }

    package func select(_ a: Value, _ b: Value) -> Value {
        let (x, y) = (a.splat(type.lanes), b.splat(type.lanes))
        precondition(x.type == y.type && type.scalar == .bool, "select of \(x.type), \(y.type)")
        return builder.emit(.select(id, x.id, y.id), x.type)
    }
    package func select(_ a: Value, _ b: Double) -> Value { select(a, a.like(b)) }

    /// `other` where either is NaN.
    package func minimum(_ other: Value) -> Value { Value.binary(.minimum, self, other) }
    /// `other` where either is NaN.
    package func maximum(_ other: Value) -> Value { Value.binary(.maximum, self, other) }
    package func clamped(_ low: Double, _ high: Double) -> Value {
        like(high).minimum(like(low).maximum(self))
    }

    // Shape and type

    package func splat(_ lanes: Int) -> Value {
        if lanes == type.lanes { return self }
        precondition(type.lanes == 1, "splat of a vector")
        let wide = ValueType(type.scalar, lanes: lanes)
        if let constant = builder.constants[id] { return builder.constant(constant, wide) }
        return builder.emit(.splat(id), wide)
    }

    package func convert(_ conversion: Conversion, _ scalar: ScalarType) -> Value {
        builder.emit(.convert(conversion, id), type.with(scalar))
    }
    package func bitcast(_ scalar: ScalarType) -> Value { convert(.bitcast, scalar) }

    package func reduce(_ reduction: Reduction) -> Value {
        if type.lanes == 1 { return self }
        return builder.emit(.reduce(reduction, id), ValueType(type.scalar))
    }

    package func shuffle(_ other: Value, _ lanes: [Int]) -> Value {
        builder.emit(
            .shuffle(id, other.id, lanes), ValueType(type.scalar, lanes: lanes.count))
    }
}

extension Value {
    /// One bfloat16 pair a lane: this value's element, and `next`'s in the upper half.
    package func bfloat16Pair(with next: Value) -> Value { pairs(next, .zipped) }

    /// The bfloat16 pairs of neighbouring lanes of two vectors that follow one another in memory.
    package func bfloat16Pairs(followedBy next: Value) -> Value { pairs(next, .adjacent) }

    private func pairs(_ next: Value, _ pairing: BFloat16Pairing) -> Value {
        builder.emit(.bfloat16Pairs(id, next.id, pairing), type.with(.int32))
    }

    /// See `Operation.dotBFloat16Pairs`.
    package func dotBFloat16Pairs(_ other: Value, addedTo sum: Value) -> Value {
        builder.emit(
            .dotBFloat16Pairs(accumulator: sum.id, id, other.id), sum.type)
    }
}
