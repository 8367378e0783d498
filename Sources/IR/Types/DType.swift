/// The element type of a tensor.
///
/// The raw value is the spelling in the textual IR (`docs/ir.md`).
public enum DType: String, Hashable, Sendable, CaseIterable {
    case f32, f64, bf16, f16
    case i8, i32, i64, u8
    case bool

    /// Bytes one element takes in memory.
    public var byteCount: Int {
        switch self {
        case .f64, .i64: 8
        case .f32, .i32: 4
        case .bf16, .f16: 2
        case .i8, .u8, .bool: 1
        }
    }

    public var isFloat: Bool {
        switch self {
        case .f32, .f64, .bf16, .f16: true
        case .i8, .i32, .i64, .u8, .bool: false
        }
    }

    public var isInteger: Bool {
        switch self {
        case .i8, .i32, .i64, .u8: true
        case .f32, .f64, .bf16, .f16, .bool: false
        }
    }

    /// The values an integer type holds; nil for other types.
    package var integerRange: ClosedRange<Double>? {
        switch self {
        case .i8: -128...127
        case .u8: 0...255
        case .i32: -2_147_483_648...2_147_483_647
        case .i64: -9_007_199_254_740_992...9_007_199_254_740_992  // what a Double holds exactly
        case .f32, .f64, .bf16, .f16, .bool: nil
        }
    }
}

extension DType: CustomStringConvertible {
    public var description: String { rawValue }
}
