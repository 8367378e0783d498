/// A tensor of a golden file: values in row-major order.
package struct GoldenTensor: Hashable, Sendable, Decodable {
    package enum ElementType: String, Hashable, Sendable, Decodable {
        case float32 = "f32"
        case float64 = "f64"
        case int32 = "i32"
        case int64 = "i64"
        case bool = "bool"
    }

    package let shape: [Int]
    package let dtype: ElementType
    /// The values, exactly: every element type of a golden file fits a Double.
    package let values: [Double]

    private enum CodingKeys: String, CodingKey {
        case shape, dtype, values
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        shape = try container.decode([Int].self, forKey: .shape)
        dtype = try container.decode(ElementType.self, forKey: .dtype)
        // The decimals are the shortest that read back as Float: read through Double, they could
        // be rounded twice.
        values =
            dtype == .float32
            ? try container.decode([Float].self, forKey: .values).map(Double.init)
            : try container.decode([Double].self, forKey: .values)
        guard values.count == shape.reduce(1, *) else {
            throw DecodingError.dataCorruptedError(
                forKey: .values, in: container,
                debugDescription: "\(values.count) values for the shape \(shape)")
        }
    }

    package init(shape: [Int], dtype: ElementType = .float32, values: [Double]) {
        precondition(values.count == shape.reduce(1, *), "values do not fill the shape")
        self.shape = shape
        self.dtype = dtype
        self.values = values
    }

    package var floats: [Float] { values.map(Float.init) }
    /// The values of an integer or boolean tensor.
    package var ints: [Int] { values.map { Int($0) } }
    package var int32s: [Int32] { values.map { Int32($0) } }
    package var bools: [Bool] { values.map { $0 != 0 } }
}
