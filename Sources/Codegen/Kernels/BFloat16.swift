/// What the operands of a matrix product are made of.
package enum MatrixElement: String, Hashable, Sendable {
    case float32
    /// The upper half of a float32, in pairs of neighbours along the depth: one `int32`, the first
    /// in its low half.
    case bfloat16
    /// The same, with depth and strides counted in pairs, as `ConvertToBFloat16` and
    /// `PairRowsToBFloat16` write them; the right operand need not be packed.
    case bfloat16Pairs

    /// Elements along the depth that share a memory unit.
    var depthPerUnit: Int { self == .bfloat16 ? 2 : 1 }

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

    /// The same number, or the nearest that a bfloat16 holds.
    var roundedToBFloat16: Value { (bfloat16Bits << 16).bitcast(.float32) }

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

/// Kernel: float32 `[depth, columns]` to bfloat16 pairs of neighbours along the depth,
/// `[⌈depth/2⌉, columns]`; the last of an odd number of rows is paired with zeros.
///
/// Buffers: `input`, `output` (`int32`).
package struct PairRowsToBFloat16: Hashable, Sendable {
    package var depth: Extent
    package var columns: Int

    package init(depth: Extent, columns: Int) {
        self.depth = depth
        self.columns = columns
    }

    package func lower(
        to isa: VectorISA, name: String = "pairRowsToBFloat16"
    ) throws -> LoopFunction {
        let k = LoopBuilder(name)
        let (input, output) = (k.input("input"), k.output("output", .int32))
        let block = (RowKernel.rowsPerPart(columns: columns) + 1) / 2 * 2
        let first = k.parts([PartAxis(depth, blockSize: block)])[0] * block
        let end = (first + block).minimum(k.value(of: depth))
        let wholeEnd = first + (end - first).quotient(2) * 2

        func convert(_ row: Value, isHalf: Bool) {
            func pair(_ column: Value, _ mask: Value?) {
                let place = input + row * columns + column
                let value = place.load(lanes: isa.lanes, mask: mask)
                let next =
                    isHalf
                    ? value.like(0.0) : (place + columns).load(lanes: isa.lanes, mask: mask)
                (output + row.quotient(2) * columns + column)
                    .store(value.bfloat16Pair(with: next), mask: mask)
            }
            let whole = columns / isa.lanes * isa.lanes
            k.loop(k.constant(0), k.constant(whole), step: isa.lanes) { pair($0, nil) }
            if whole < columns {
                pair(k.constant(whole), k.firstLanes(k.constant(columns - whole), of: isa.lanes))
            }
        }
        k.loop(first, wholeEnd, step: 2) { convert($0, isHalf: false) }
        k.branch(wholeEnd .< end) { convert(wholeEnd, isHalf: true) }
        return try k.finish()
    }
}

/// Kernel: float32 numbers, each rounded to the nearest bfloat16 and kept as float32.
///
/// Buffers: `input`, `output`.
package struct RoundToBFloat16: Hashable, Sendable {
    package var count: Extent
    private static let block = 32768

    package init(count: Extent) { self.count = count }

    package func lower(
        to isa: VectorISA, name: String = "roundToBFloat16"
    ) throws -> LoopFunction {
        let k = LoopBuilder(name)
        let (input, output) = (k.input("input"), k.output("output"))
        let first = k.parts([PartAxis(count, blockSize: Self.block)])[0] * Self.block
        let end = (first + Self.block).minimum(k.value(of: count))
        let wholeEnd = first + (end - first).quotient(isa.lanes) * isa.lanes
        func round(_ place: Value, _ mask: Value?) {
            (output + place).store(
                (input + place).load(lanes: isa.lanes, mask: mask).roundedToBFloat16, mask: mask)
        }
        k.loop(first, wholeEnd, step: isa.lanes) { round($0, nil) }
        k.branch(wholeEnd .< end) {
            round(wholeEnd, k.firstLanes(end - wholeEnd, of: isa.lanes))
        }
        return try k.finish()
    }
}
