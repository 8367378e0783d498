import MartletIR

/// The element types of safetensors files; the raw value is the name in the file.
public enum TensorFileDType: String, Sendable, CaseIterable, Hashable {
    case bool = "BOOL"
    case u8 = "U8"
    case i8 = "I8"
    case i16 = "I16"
    case f16 = "F16"
    case bf16 = "BF16"
    case i32 = "I32"
    case f32 = "F32"
    case f64 = "F64"
    case i64 = "I64"

    public var byteCount: Int {
        switch self {
        case .bool, .u8, .i8: 1
        case .i16, .f16, .bf16: 2
        case .i32, .f32: 4
        case .f64, .i64: 8
        }
    }

    public var isFloatingPoint: Bool {
        switch self {
        case .f16, .bf16, .f32, .f64: true
        case .bool, .u8, .i8, .i16, .i32, .i64: false
        }
    }

    /// Place in the order in which the reference implementation writes types: the cases above,
    /// last first, so that larger elements come first and all stay aligned.
    var writingRank: Int {
        switch self {
        case .i64: 0
        case .f64: 1
        case .f32: 2
        case .i32: 3
        case .bf16: 4
        case .f16: 5
        case .i16: 6
        case .i8: 7
        case .u8: 8
        case .bool: 9
        }
    }

    /// Bytes of a tensor of this type, `nil` if they exceed `Int`.
    public func byteCount(of shape: [Int]) -> Int? {
        if shape.contains(0) { return 0 }
        var total = byteCount
        for dimension in shape {
            let (product, overflows) = total.multipliedReportingOverflow(by: dimension)
            if overflows || dimension < 0 { return nil }
            total = product
        }
        return total
    }
}

extension TensorFileDType {
    /// The graph's name of this type; `nil` for I16, which graphs do not compute with.
    public var dtype: DType? {
        switch self {
        case .bool: .bool
        case .u8: .u8
        case .i8: .i8
        case .i16: nil
        case .f16: .f16
        case .bf16: .bf16
        case .i32: .i32
        case .f32: .f32
        case .f64: .f64
        case .i64: .i64
        }
    }

    /// How files call the graph's type.
    public init(_ dtype: DType) {
        switch dtype {
        case .bool: self = .bool
        case .u8: self = .u8
        case .i8: self = .i8
        case .f16: self = .f16
        case .bf16: self = .bf16
        case .i32: self = .i32
        case .f32: self = .f32
        case .f64: self = .f64
        case .i64: self = .i64
        }
    }
}
