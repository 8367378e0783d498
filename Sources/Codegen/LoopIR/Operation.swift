/// The name of a value: every value is computed once (static single assignment), and `LoopFunction`
/// keeps its type.
package struct ValueID: Hashable, Sendable, CustomStringConvertible {
    package let number: Int

    package var description: String { "%\(number)" }
}

/// A literal. A vector constant holds the same value in every lane.
package enum Constant: Hashable, Sendable {
    case integer(Int64)
    /// Kept as bits, so that NaN equals itself and −0 differs from 0.
    case float(bits: UInt32)
}

package enum UnaryOperation: String, Hashable, Sendable, CaseIterable {
    case squareRoot = "sqrt"
    case negate = "neg"
    case absolute = "abs"
}

/// Two operands of one type. `minimum` is `a < b ? a : b` and `maximum` is `a > b ? a : b` on
/// floats: where either is NaN the result is `b`, which is what x86 does in one instruction.
package enum BinaryOperation: String, Hashable, Sendable, CaseIterable {
    case add, subtract, multiply, divide
    case minimum, maximum
    case and, or, xor
    case shiftLeft, shiftRight, arithmeticShiftRight
    case unsignedQuotient, unsignedRemainder

    package var allowsFloat: Bool {
        switch self {
        case .add, .subtract, .multiply, .divide, .minimum, .maximum: true
        default: false
        }
    }

    /// Integers have no signed division: every index is non-negative.
    package var allowsInteger: Bool { self != .divide }
}

/// Ordered float comparisons (false where either side is NaN, except `notEqual`), signed integers.
package enum Comparison: String, Hashable, Sendable, CaseIterable {
    case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual

    func holds<T: Comparable>(_ a: T, _ b: T) -> Bool {
        switch self {
        case .equal: a == b
        case .notEqual: a != b
        case .less: a < b
        case .lessOrEqual: a <= b
        case .greater: a > b
        case .greaterOrEqual: a >= b
        }
    }
}

package enum Conversion: String, Hashable, Sendable, CaseIterable {
    case zeroExtend, signExtend, truncate
    case signedToFloat
    /// The float must be inside the integer's range.
    case floatToSigned
    case bitcast
}

/// How the lanes of a vector become one scalar: halves are combined until one lane is left, lane
/// `i` with lane `i + lanes/2`. The tree is part of the meaning, so every backend agrees to the bit.
package enum Reduction: String, Hashable, Sendable, CaseIterable {
    case sum, maximum, minimum
}

/// Which elements of two vectors make a pair, the first of them in the lane's low half.
package enum BFloat16Pairing: String, Hashable, Sendable, CaseIterable {
    /// Lane `i`: `(a[i], b[i])`.
    case zipped
    /// Neighbours of the two vectors one after the other: lane 0 is `(a[0], a[1])`.
    case adjacent
}

/// What a load or store refers to: an argument of the kernel, or the kernel's own scratch array.
package enum Memory: Hashable, Sendable {
    case buffer(Int)
    case scratch(Int)
}

/// Element `index + offset` of a memory. The split keeps constants out of the arithmetic: they end
/// in the displacement of the machine's addressing mode.
package struct Address: Hashable, Sendable {
    package var memory: Memory
    package var index: ValueID
    package var offset: Int
}

/// A counted loop with carried values: `for index in stride(from: lower, to: upper, by: step)`.
package struct Loop: Hashable, Sendable {
    package var index: ValueID
    package var lower: ValueID
    package var upper: ValueID
    package var step: Int
    /// Values on entry, their names inside the body, and what the body hands to its next turn.
    /// The instruction's results are the last of them, or the initial ones if the body never ran.
    package var initial: [ValueID]
    package var carried: [ValueID]
    package var next: [ValueID]
    package var body: [Instruction]
}

/// Everything loop IR can say.
package enum Operation: Hashable, Sendable {
    case constant(Constant)
    /// Scalar argument of the kernel: an extent, a step number, a seed (`int64`).
    case parameter(Int)
    /// Which of the kernel's independent parts this call computes (`int64`).
    case part
    case unary(UnaryOperation, ValueID)
    case binary(BinaryOperation, ValueID, ValueID)
    /// `a * b + c`, rounded once.
    case fusedMultiplyAdd(ValueID, ValueID, ValueID)
    case compare(Comparison, ValueID, ValueID)
    case select(ValueID, ValueID, ValueID)
    case convert(Conversion, ValueID)
    case splat(ValueID)
    /// 0, 1, 2, … in the lanes of an integer vector.
    case laneIndices
    /// Lanes picked from two vectors: lane numbers ≥ the first one's count mean the second.
    case shuffle(ValueID, ValueID, [Int])
    case reduce(Reduction, ValueID)
    /// Lane `i`: `accumulator + a[2i]·b[2i] + a[2i+1]·b[2i+1]`; `a` and `b` hold bfloat16 pairs in
    /// `int32` lanes. The order and rounding of the two additions is the target's.
    case dotBFloat16Pairs(accumulator: ValueID, ValueID, ValueID)
    /// Two float32 vectors as bfloat16 pairs in `int32` lanes. Rounds to nearest, ties to even; what
    /// is below the least normal number becomes zero, NaN stays NaN (as `vcvtne2ps2bf16` has it).
    case bfloat16Pairs(ValueID, ValueID, BFloat16Pairing)
    /// Masked-out lanes are not read and give 0.
    case load(Address, mask: ValueID?)
    case store(ValueID, Address, mask: ValueID?)
    /// A hint that an element will be read soon; it may lie outside its memory.
    case prefetch(Address)
    case loop(Loop)
    case branch(ValueID, [Instruction])
}

package struct Instruction: Hashable, Sendable {
    package var results: [ValueID]
    package var operation: Operation
}
