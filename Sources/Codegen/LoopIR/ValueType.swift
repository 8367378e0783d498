/// What one lane of a value, or one element of a buffer, is.
///
/// Integers carry no sign: the operations do (as in LLVM). `bfloat16` appears only in memory, where
/// its elements are read and written as `int16`.
package enum ScalarType: UInt8, Hashable, Sendable, CaseIterable {
    case bool
    case int8
    case int16
    case int32
    case int64
    case float32

    package var isFloat: Bool { self == .float32 }

    package var byteCount: Int { max(1, bitCount / 8) }

    package var bitCount: Int {
        switch self {
        case .bool: 1
        case .int8: 8
        case .int16: 16
        case .int32, .float32: 32
        case .int64: 64
        }
    }

    package var name: String {
        switch self {
        case .bool: "bool"
        case .int8: "i8"
        case .int16: "i16"
        case .int32: "i32"
        case .int64: "i64"
        case .float32: "f32"
        }
    }
}

/// The type of a value: a scalar (`lanes == 1`) or a vector.
package struct ValueType: Hashable, Sendable, CustomStringConvertible {
    package var scalar: ScalarType
    package var lanes: Int

    package init(_ scalar: ScalarType, lanes: Int = 1) {
        self.scalar = scalar
        self.lanes = lanes
    }

    package static let index = ValueType(.int64)

    package func with(_ scalar: ScalarType) -> ValueType { ValueType(scalar, lanes: lanes) }

    package var description: String { lanes == 1 ? scalar.name : "\(scalar.name)x\(lanes)" }
}
