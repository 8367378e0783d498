/// Conversions of stored elements to `Float`, independent of the processor's rounding and
/// denormal modes.
enum FloatConversion {
    /// bfloat16 is the upper half of a float32.
    @inline(__always)
    static func float(bfloat16 bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }

    /// IEEE binary16, denormals and NaN payloads included.
    @inline(__always)
    static func float(float16 bits: UInt16) -> Float {
        let sign = UInt32(bits & 0x8000) << 16
        let magnitude = UInt32(bits & 0x7FFF)
        var result = magnitude << 13 &+ (127 - 15) << 23
        if magnitude >= 0x7C00 {
            result &+= (128 - 16) << 23  // infinity and NaN keep the largest exponent
        } else if magnitude < 0x0400 {
            // A denormal: give it the exponent of 2^-14, then take 2^-14 away.
            let shifted = Float(bitPattern: result &+ 1 << 23)
            result = (shifted - Float(bitPattern: 113 << 23)).bitPattern
        }
        return Float(bitPattern: sign | result)
    }

    /// Converts elements of `dtype`, which must be a floating-point type, and returns how many
    /// are NaN or infinite. A float64 beyond the range of float32 becomes infinite and counts.
    static func convert(
        _ source: UnsafeRawBufferPointer, _ dtype: TensorFileDType,
        into destination: UnsafeMutableBufferPointer<Float>
    ) -> Int {
        let count = destination.count
        switch dtype {
        case .bf16:
            for i in 0..<count {
                let bits = source.loadUnaligned(fromByteOffset: 2 * i, as: UInt16.self)
                destination[i] = float(bfloat16: UInt16(littleEndian: bits))
            }
        case .f16:
            for i in 0..<count {
                let bits = source.loadUnaligned(fromByteOffset: 2 * i, as: UInt16.self)
                destination[i] = float(float16: UInt16(littleEndian: bits))
            }
        case .f64:
            for i in 0..<count {
                let bits = source.loadUnaligned(fromByteOffset: 8 * i, as: UInt64.self)
                destination[i] = Float(Double(bitPattern: UInt64(littleEndian: bits)))
            }
        case .f32, .bool, .u8, .i8, .i16, .i32, .i64:
            for i in 0..<count {
                let bits = source.loadUnaligned(fromByteOffset: 4 * i, as: UInt32.self)
                destination[i] = Float(bitPattern: UInt32(littleEndian: bits))
            }
        }
        return nonFiniteCount(UnsafeBufferPointer(destination))
    }

    static func nonFiniteCount(_ values: UnsafeBufferPointer<Float>) -> Int {
        var count: UInt32 = 0
        var total = 0
        for (i, value) in values.enumerated() {
            count &+= value.bitPattern & 0x7F80_0000 == 0x7F80_0000 ? 1 : 0
            if i & 0xFFFF == 0xFFFF {
                total += Int(count)
                count = 0
            }
        }
        return total + Int(count)
    }
}
