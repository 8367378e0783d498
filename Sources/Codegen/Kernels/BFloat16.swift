/// What the operands of a matrix product are made of.
package enum MatrixElement: String, Hashable, Sendable {
    case float32
    /// The upper half of a float32, in pairs of neighbours along the depth: one `int32`, the first
    /// in its low half.
    case bfloat16

    /// Elements along the depth that share a memory unit.
    var depthPerUnit: Int { self == .bfloat16 ? 2 : 1 }

    var unitType: ScalarType { self == .float32 ? .float32 : .int32 }

    /// Units that hold `depth` elements.
    package func units(_ depth: Int) -> Int { (depth + depthPerUnit - 1) / depthPerUnit }
}

extension Value {
    /// The same number, or the nearest that a bfloat16 holds, ties to even; NaN stays NaN.
    var roundedToBFloat16: Value {
        let bits = bitcast(.int32)
        let rounded = (bits + ((bits >> 16) & 1) + 0x7FFF) >> 16
        let isNaN = Value.compare(.notEqual, self, self)
        return (isNaN.select(bits.like(0x7FC0), rounded) << 16).bitcast(.float32)
    }
}

/// Kernel: float32 numbers, each times `scale`, rounded to the nearest bfloat16 and kept as float32.
///
/// Buffers: `input`, `output`.
package struct RoundToBFloat16: Hashable, Sendable {
    package var count: Extent
    package var scale: Double?
    private static let block = 32768

    package init(count: Extent, scale: Double? = nil) {
        self.count = count
        self.scale = scale
    }

    package func lower(
        to isa: VectorISA, name: String = "roundToBFloat16"
    ) throws -> LoopFunction {
        let k = LoopBuilder(name)
        let (input, output) = (k.input("input"), k.output("output"))
        let first = k.parts([PartAxis(count, blockSize: Self.block)])[0] * Self.block
        let end = (first + Self.block).minimum(k.value(of: count))
        let wholeEnd = first + (end - first).quotient(isa.lanes) * isa.lanes
        func round(_ place: Value, _ mask: Value?) {
            let value = (input + place).load(lanes: isa.lanes, mask: mask)
            let scaled = scale.map { value * $0 } ?? value
            (output + place).store(scaled.roundedToBFloat16, mask: mask)
        }
        k.loop(first, wholeEnd, step: isa.lanes) { round($0, nil) }
        k.branch(wholeEnd .< end) {
            round(wholeEnd, k.firstLanes(end - wholeEnd, of: isa.lanes))
        }
        return try k.finish()
    }
}
