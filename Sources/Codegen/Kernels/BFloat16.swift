/// What the operands of a matrix product are made of.
package enum MatrixElement: String, Hashable, Sendable {
    case float32
    /// The upper half of a float32, in pairs of neighbours along the depth: one `int32`, the first
    /// in its low half.
    case bfloat16

    /// Elements along the depth that share a memory unit.
    var depthPerUnit: Int { self == .float32 ? 1 : 2 }

    var unitType: ScalarType { self == .float32 ? .float32 : .int32 }

    /// Units that hold `depth` elements.
    package func units(_ depth: Int) -> Int { (depth + depthPerUnit - 1) / depthPerUnit }
}

extension Value {
    /// The nearest bfloat16, ties to even, in the low half of `int32` lanes; NaN stays NaN.
    private var bfloat16Bits: Value {
        let bits = bitcast(.int32)
        let rounded = (bits + ((bits >> 16) & 1) + 0x7FFF) >> 16
        let isNaN = Value.compare(.notEqual, self, self)
        return isNaN.select(bits.like(0x7FC0), rounded)
    }

    /// One pair a lane: this value's element, and `next`'s in the upper half.
    func bfloat16Pair(with next: Value) -> Value {
        bfloat16Bits | (next.bfloat16Bits << 16)
    }

    /// The pairs of neighbouring lanes of two vectors that follow one another in memory.
    func bfloat16Pairs(followedBy next: Value) -> Value {
        let lanes = type.lanes
        let even = shuffle(next, (0..<lanes).map { 2 * $0 })
        let odd = shuffle(next, (0..<lanes).map { 2 * $0 + 1 })
        return even.bfloat16Pair(with: odd)
    }
}

/// Kernel: float32 `[rows, columns]` to bfloat16 pairs, `⌈columns/2⌉` a row.
///
/// Buffers: `input`, `output` (`int32`).
package struct ConvertToBFloat16: Hashable, Sendable {
    package var rows: Extent
    package var columns: Int

    package init(rows: Extent, columns: Int) {
        self.rows = rows
        self.columns = columns
    }

    package func lower(
        to isa: VectorISA, name: String = "convertToBFloat16"
    ) throws -> LoopFunction {
        let k = LoopBuilder(name)
        let (input, output) = (k.input("input"), k.output("output", .int32))
        let kernel = RowKernel(k, isa: isa, rows: rows, columns: columns)
        let (lanes, units) = (isa.lanes, MatrixElement.bfloat16.units(columns))
        kernel.forEachRow(nil) { row, _ in
            func convert(_ unit: Value, _ firstMask: Value?, _ nextMask: Value?, _ mask: Value?) {
                let place = input + row * columns + unit * 2
                let pairs = place.load(lanes: lanes, mask: firstMask).bfloat16Pairs(
                    followedBy: (place + lanes).load(lanes: lanes, mask: nextMask))
                (output + row * units + unit).store(pairs, mask: mask)
            }
            let whole = columns / (2 * lanes) * lanes
            k.loop(k.constant(0), k.constant(whole), step: lanes) { convert($0, nil, nil, nil) }
            let left = columns - 2 * whole
            if left > 0 {
                convert(
                    k.constant(whole), k.firstLanes(k.constant(left), of: lanes),
                    k.firstLanes(k.constant(max(0, left - lanes)), of: lanes),
                    k.firstLanes(k.constant(units - whole), of: lanes))
            }
        }
        return try k.finish()
    }
}
