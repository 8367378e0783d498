import Foundation
import MartletIR

/// Elementwise operations over plain runs of elements; float32 by vectors, other types one by one.
/// The result may lie over an operand.
package enum ElementwiseKernel {
    /// `y = f(x)`; `isFinite` writes bool bytes, `not` reads and writes them.
    package static func unary(
        _ kind: Unary.Kind, _ dtype: DType, _ x: UnsafeRawPointer, _ y: UnsafeMutableRawPointer,
        count: Int
    ) {
        if kind == .isFinite {
            isFinite(dtype, x, y.assumingMemoryBound(to: UInt8.self), count)
            return
        }
        switch dtype {
        case .f32:
            unary(
                kind, x.assumingMemoryBound(to: Float.self), y.assumingMemoryBound(to: Float.self),
                count)
        case .f64: inDouble(kind, Double.self, x, y, count)
        case .bf16: inDouble(kind, BFloat16.self, x, y, count)
        case .f16: inDouble(kind, Half.self, x, y, count)
        case .i8: integer(kind, Int8.self, x, y, count)
        case .i32: integer(kind, Int32.self, x, y, count)
        case .i64: integer(kind, Int64.self, x, y, count)
        case .u8: integer(kind, UInt8.self, x, y, count)
        case .bool:
            map(UInt8.self, x, y, count) { kind == .not ? ($0 == 0 ? 1 : 0) : $0 }
        }
    }

    private static func unary(
        _ kind: Unary.Kind, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>,
        _ count: Int
    ) {
        switch kind {
        case .negate: mapRange(x, y, count) { flipSign($0, by: Float8(repeating: -0.0)) }
        case .abs: mapRange(x, y, count, magnitude)
        case .sign: mapRange(x, y, count, sign)
        case .exponential: mapRange(x, y, count, VectorMath.exp)
        case .log: mapRange(x, y, count, VectorMath.log)
        case .sqrt: mapRange(x, y, count, squareRoot)
        case .rsqrt: mapRange(x, y, count) { 1 / squareRoot($0) }
        case .tanh: mapRange(x, y, count, VectorMath.tanh)
        case .logistic: mapRange(x, y, count, VectorMath.sigmoid)
        case .erf: mapRange(x, y, count, VectorMath.erf)
        case .floor: each(x, y, count) { $0.rounded(.down) }
        case .ceil: each(x, y, count) { $0.rounded(.up) }
        case .exponentialMinusOne: each(x, y, count) { expm1f($0) }
        case .logPlusOne: each(x, y, count) { log1pf($0) }
        case .sine: each(x, y, count) { sinf($0) }
        case .cosine: each(x, y, count) { cosf($0) }
        case .not, .isFinite: break  // of bools, and to bools: never of Floats to Floats
        }
    }

    @inline(__always)
    private static func sign(_ x: Float8) -> Float8 {
        let one = Float8(repeating: 1)
        return whereLess(.zero, x, one, whereLess(x, .zero, -one, x))
    }

    private static func isFinite(
        _ dtype: DType, _ x: UnsafeRawPointer, _ y: UnsafeMutablePointer<UInt8>, _ count: Int
    ) {
        switch dtype {
        case .f32: finite(x.assumingMemoryBound(to: Float.self), y, count)
        case .f64: finite(x.assumingMemoryBound(to: Double.self), y, count)
        case .bf16: finite(x.assumingMemoryBound(to: BFloat16.self), y, count)
        case .f16: finite(x.assumingMemoryBound(to: Half.self), y, count)
        case .i8, .i32, .i64, .u8, .bool: y.update(repeating: 1, count: max(count, 0))
        }
    }

    @inline(__always)
    private static func finite<T: StoredElement>(
        _ x: UnsafePointer<T>, _ y: UnsafeMutablePointer<UInt8>, _ count: Int
    ) {
        for i in 0..<max(count, 0) { y[i] = x[i].double.isFinite ? 1 : 0 }
    }

    private static func inDouble<T: StoredElement>(
        _ kind: Unary.Kind, _: T.Type, _ x: UnsafeRawPointer, _ y: UnsafeMutableRawPointer,
        _ count: Int
    ) {
        map(T.self, x, y, count) { T(double: function(kind, $0.double)) }
    }

    private static func function(_ kind: Unary.Kind, _ x: Double) -> Double {
        switch kind {
        case .negate: -x
        case .abs: x.magnitude
        case .sign: x > 0 ? 1 : x < 0 ? -1 : x
        case .floor: x.rounded(.down)
        case .ceil: x.rounded(.up)
        case .exponential: exp(x)
        case .exponentialMinusOne: expm1(x)
        case .log: log(x)
        case .logPlusOne: log1p(x)
        case .sqrt: x.squareRoot()
        case .rsqrt: 1 / x.squareRoot()
        case .tanh: tanh(x)
        case .logistic: 1 / (1 + exp(-x))
        case .erf: erf(x)
        case .sine: sin(x)
        case .cosine: cos(x)
        case .not, .isFinite: x
        }
    }

    private static func integer<T: StoredElement & FixedWidthInteger>(
        _ kind: Unary.Kind, _: T.Type, _ x: UnsafeRawPointer, _ y: UnsafeMutableRawPointer,
        _ count: Int
    ) {
        switch kind {
        case .negate: map(T.self, x, y, count) { 0 &- $0 }
        case .abs: map(T.self, x, y, count) { $0 < 0 ? 0 &- $0 : $0 }
        case .sign: map(T.self, x, y, count) { $0 > 0 ? 1 : $0 < 0 ? 0 &- 1 : 0 }
        default: map(T.self, x, y, count) { $0 }  // the others are of floats alone
        }
    }

    /// `y = f(a, b)` of two operands of one type.
    package static func binary(
        _ kind: Binary.Kind, _ dtype: DType, _ a: UnsafeRawPointer, _ b: UnsafeRawPointer,
        _ y: UnsafeMutableRawPointer, count: Int
    ) {
        switch dtype {
        case .f32:
            binary(
                kind, a.assumingMemoryBound(to: Float.self), b.assumingMemoryBound(to: Float.self),
                y.assumingMemoryBound(to: Float.self), count)
        case .f64: binaryInDouble(kind, Double.self, a, b, y, count)
        case .bf16: binaryInDouble(kind, BFloat16.self, a, b, y, count)
        case .f16: binaryInDouble(kind, Half.self, a, b, y, count)
        case .i8: binaryInteger(kind, Int8.self, a, b, y, count)
        case .i32: binaryInteger(kind, Int32.self, a, b, y, count)
        case .i64: binaryInteger(kind, Int64.self, a, b, y, count)
        case .u8: binaryInteger(kind, UInt8.self, a, b, y, count)
        case .bool:
            map(UInt8.self, a, b, y, count) {
                kind == .or ? (($0 | $1) == 0 ? 0 : 1) : ($0 != 0 && $1 != 0 ? 1 : 0)
            }
        }
    }

    private static func binary(
        _ kind: Binary.Kind, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
        _ y: UnsafeMutablePointer<Float>, _ count: Int
    ) {
        switch kind {
        case .add: mapRange(a, b, y, count) { $0 + $1 }
        case .subtract: mapRange(a, b, y, count) { $0 - $1 }
        case .multiply: mapRange(a, b, y, count) { $0 * $1 }
        case .divide: mapRange(a, b, y, count) { $0 / $1 }
        case .maximum: mapRange(a, b, y, count) { whereEqual($0, $0, maximum($0, $1), $0) }
        case .minimum: mapRange(a, b, y, count) { whereEqual($0, $0, minimum($0, $1), $0) }
        case .power: each(a, b, y, count) { powf($0, $1) }
        case .remainder: each(a, b, y, count) { fmodf($0, $1) }
        case .and, .or: break  // of bools alone
        }
    }

    private static func binaryInDouble<T: StoredElement>(
        _ kind: Binary.Kind, _: T.Type, _ a: UnsafeRawPointer, _ b: UnsafeRawPointer,
        _ y: UnsafeMutableRawPointer, _ count: Int
    ) {
        map(T.self, a, b, y, count) { T(double: function(kind, $0.double, $1.double)) }
    }

    private static func function(_ kind: Binary.Kind, _ a: Double, _ b: Double) -> Double {
        switch kind {
        case .add: a + b
        case .subtract: a - b
        case .multiply: a * b
        case .divide: a / b
        case .maximum: a.isNaN ? a : a > b ? a : b
        case .minimum: a.isNaN ? a : a < b ? a : b
        case .power: pow(a, b)
        case .remainder: fmod(a, b)
        case .and, .or: a
        }
    }

    /// Sums and products wrap around. A zero divisor gives −1, or the dividend as the remainder;
    /// the least integer divided by −1 is itself. A negative exponent counts as dividing 1.
    private static func binaryInteger<T: StoredElement & FixedWidthInteger>(
        _ kind: Binary.Kind, _: T.Type, _ a: UnsafeRawPointer, _ b: UnsafeRawPointer,
        _ y: UnsafeMutableRawPointer, _ count: Int
    ) {
        switch kind {
        case .add: map(T.self, a, b, y, count) { $0 &+ $1 }
        case .subtract: map(T.self, a, b, y, count) { $0 &- $1 }
        case .multiply: map(T.self, a, b, y, count) { $0 &* $1 }
        case .divide: map(T.self, a, b, y, count) { quotient($0, $1) }
        case .maximum: map(T.self, a, b, y, count) { max($0, $1) }
        case .minimum: map(T.self, a, b, y, count) { min($0, $1) }
        case .power: map(T.self, a, b, y, count) { power($0, $1) }
        case .remainder:
            map(T.self, a, b, y, count) {
                $1 == 0 ? $0 : $0.remainderReportingOverflow(dividingBy: $1).partialValue
            }
        case .and, .or: break  // of bools alone
        }
    }

    @inline(__always)
    private static func quotient<T: FixedWidthInteger>(_ a: T, _ b: T) -> T {
        b == 0 ? 0 &- 1 : a.dividedReportingOverflow(by: b).partialValue
    }

    private static func power<T: FixedWidthInteger>(_ base: T, _ exponent: T) -> T {
        var (result, square, rest) = (1 as T, base, exponent.magnitude)
        while rest > 0 {
            if rest & 1 == 1 { result &*= square }
            square &*= square
            rest >>= 1
        }
        // Powers of even numbers wrap to 0, but their inverses are 0, not 1 divided by it.
        if exponent < 0 && base.magnitude > 1 { return 0 }
        return exponent < 0 ? quotient(1, result) : result
    }

    @inline(__always)
    static func each(
        _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int,
        _ f: (Float) -> Float
    ) {
        for i in 0..<max(count, 0) { y[i] = f(x[i]) }
    }

    @inline(__always)
    static func each(
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>,
        _ count: Int, _ f: (Float, Float) -> Float
    ) {
        for i in 0..<max(count, 0) { y[i] = f(a[i], b[i]) }
    }

    @inline(__always)
    static func map<T>(
        _: T.Type, _ x: UnsafeRawPointer, _ y: UnsafeMutableRawPointer, _ count: Int,
        _ f: (T) -> T
    ) {
        let (x, y) = (x.assumingMemoryBound(to: T.self), y.assumingMemoryBound(to: T.self))
        for i in 0..<max(count, 0) { y[i] = f(x[i]) }
    }

    @inline(__always)
    static func map<T>(
        _: T.Type, _ a: UnsafeRawPointer, _ b: UnsafeRawPointer, _ y: UnsafeMutableRawPointer,
        _ count: Int, _ f: (T, T) -> T
    ) {
        let (a, b) = (a.assumingMemoryBound(to: T.self), b.assumingMemoryBound(to: T.self))
        let y = y.assumingMemoryBound(to: T.self)
        for i in 0..<max(count, 0) { y[i] = f(a[i], b[i]) }
    }
}
