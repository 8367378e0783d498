import Foundation
import MartletIR

/// bfloat16: the upper half of a Float, rounded to nearest even.
struct BFloat16: BitwiseCopyable {
    var bits: UInt16

    @inline(__always)
    init(_ x: Float) {
        let pattern = x.bitPattern
        if x.isNaN {
            bits = UInt16(truncatingIfNeeded: pattern &>> 16) | 0x0040
        } else {
            let rounding = 0x7FFF &+ ((pattern &>> 16) & 1)
            bits = UInt16(truncatingIfNeeded: (pattern &+ rounding) &>> 16)
        }
    }

    @inline(__always)
    var float: Float { Float(bitPattern: UInt32(bits) &<< 16) }
}

/// IEEE half precision, which as a Swift type is not on every platform.
struct Half: BitwiseCopyable {
    var bits: UInt16
}

/// A bool as memory holds it: one byte, 0 or 1.
struct BoolByte: BitwiseCopyable {
    var byte: UInt8
}

/// An element type that every other converts from: integers through Int64, floats through Double
/// (and then Float for the narrow ones, as the reference rounds them).
protocol StoredElement: BitwiseCopyable, SendableMetatype {
    static var isInteger: Bool { get }
    var double: Double { get }
    var int64: Int64 { get }
    init(double: Double)
    init(int64: Int64)
}

extension StoredElement where Self: FixedWidthInteger {
    static var isInteger: Bool { true }
    @inline(__always) var double: Double { Double(self) }
    @inline(__always) var int64: Int64 { Int64(truncatingIfNeeded: self) }
    /// Toward zero, saturating; not-a-number gives 0.
    @inline(__always)
    init(double: Double) {
        if double.isNaN {
            self = 0
        } else if double >= Double(Self.max) {
            self = .max
        } else if double <= Double(Self.min) {
            self = .min
        } else {
            self = Self(double)
        }
    }
    @inline(__always) init(int64: Int64) { self = Self(truncatingIfNeeded: int64) }
}

extension Int8: StoredElement {}
extension Int32: StoredElement {}
extension Int64: StoredElement {}
extension UInt8: StoredElement {}

extension Float: StoredElement {
    static var isInteger: Bool { false }
    @inline(__always) var double: Double { Double(self) }
    @inline(__always) var int64: Int64 { Int64(double: Double(self)) }
    @inline(__always) init(double: Double) { self = Float(double) }
    @inline(__always) init(int64: Int64) { self = Float(int64) }
}

extension Double: StoredElement {
    static var isInteger: Bool { false }
    @inline(__always) var double: Double { self }
    @inline(__always) var int64: Int64 { Int64(double: self) }
    @inline(__always) init(double: Double) { self = double }
    @inline(__always) init(int64: Int64) { self = Double(int64) }
}

extension Half: StoredElement {
    static var isInteger: Bool { false }
    @inline(__always) var double: Double { Double(Float16Bits.float(bits)) }
    @inline(__always) var int64: Int64 { Int64(double: double) }
    @inline(__always) init(double: Double) { bits = Float16Bits.bits(Float(double)) }
    @inline(__always) init(int64: Int64) { bits = Float16Bits.bits(Float(int64)) }
}

extension BFloat16: StoredElement {
    static var isInteger: Bool { false }
    @inline(__always) var double: Double { Double(float) }
    @inline(__always) var int64: Int64 { Int64(double: double) }
    @inline(__always) init(double: Double) { self.init(Float(double)) }
    @inline(__always) init(int64: Int64) { self.init(Float(int64)) }
}

extension BoolByte: StoredElement {
    static var isInteger: Bool { true }
    @inline(__always) var double: Double { byte == 0 ? 0 : 1 }
    @inline(__always) var int64: Int64 { byte == 0 ? 0 : 1 }
    @inline(__always) init(double: Double) { byte = double == 0 ? 0 : 1 }
    @inline(__always) init(int64: Int64) { byte = int64 == 0 ? 0 : 1 }
}

/// Conversion between element types over plain runs.
package enum ConvertKernel {
    /// Float to integer truncates toward zero, saturates, and sends not-a-number to 0; anything to
    /// bool is `≠ 0`; integers wrap into narrower ones. The runs may not overlap.
    package static func convert(
        _ from: DType, _ x: UnsafeRawPointer, to: DType, _ y: UnsafeMutableRawPointer, count: Int
    ) {
        switch from {
        case .f32: convert(x.assumingMemoryBound(to: Float.self), to, y, count)
        case .f64: convert(x.assumingMemoryBound(to: Double.self), to, y, count)
        case .bf16: convert(x.assumingMemoryBound(to: BFloat16.self), to, y, count)
        case .f16: convert(x.assumingMemoryBound(to: Half.self), to, y, count)
        case .i8: convert(x.assumingMemoryBound(to: Int8.self), to, y, count)
        case .i32: convert(x.assumingMemoryBound(to: Int32.self), to, y, count)
        case .i64: convert(x.assumingMemoryBound(to: Int64.self), to, y, count)
        case .u8: convert(x.assumingMemoryBound(to: UInt8.self), to, y, count)
        case .bool: convert(x.assumingMemoryBound(to: BoolByte.self), to, y, count)
        }
    }

    @inline(__always)
    private static func convert<From: StoredElement>(
        _ x: UnsafePointer<From>, _ to: DType, _ y: UnsafeMutableRawPointer, _ count: Int
    ) {
        switch to {
        case .f32: each(x, y.assumingMemoryBound(to: Float.self), count)
        case .f64: each(x, y.assumingMemoryBound(to: Double.self), count)
        case .bf16: each(x, y.assumingMemoryBound(to: BFloat16.self), count)
        case .f16: each(x, y.assumingMemoryBound(to: Half.self), count)
        case .i8: each(x, y.assumingMemoryBound(to: Int8.self), count)
        case .i32: each(x, y.assumingMemoryBound(to: Int32.self), count)
        case .i64: each(x, y.assumingMemoryBound(to: Int64.self), count)
        case .u8: each(x, y.assumingMemoryBound(to: UInt8.self), count)
        case .bool: each(x, y.assumingMemoryBound(to: BoolByte.self), count)
        }
    }

    @inline(__always)
    private static func each<From: StoredElement, To: StoredElement>(
        _ x: UnsafePointer<From>, _ y: UnsafeMutablePointer<To>, _ count: Int
    ) {
        for i in 0..<max(count, 0) {
            y[i] = From.isInteger ? To(int64: x[i].int64) : To(double: x[i].double)
        }
    }
}
