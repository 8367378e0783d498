/// How the right operand of a matrix product is stored.
package enum RightLayout: Hashable, Sendable {
    /// Column panels, `[panel][depth][panel width]`, as `PackPanels` writes them.
    case packed
    /// Row-major `[depth][column]`, rows `stride` apart.
    case rows(stride: Int)
    /// Transposed, `[column][depth]`: the columns of the operand are rows in memory, `stride` apart.
    case columns(stride: Int)
}

/// How many columns go to which panel: full ones, then perhaps one of fewer vectors.
struct PanelShape: Hashable {
    let columns: Int
    let width: Int
    let fullCount: Int
    /// Columns in the last, narrower panel, and the same rounded up to vectors.
    let remainder: Int
    let remainderWidth: Int

    init(columns: Int, isa: VectorISA) {
        self.columns = columns
        width = isa.panelColumns
        fullCount = columns / width
        remainder = columns % width
        remainderWidth = (remainder + isa.lanes - 1) / isa.lanes * isa.lanes
    }

    var count: Int { fullCount + (remainder > 0 ? 1 : 0) }

    /// Elements of a packed operand.
    func packedCount(depth: Int) -> Int { depth * (fullCount * width + remainderWidth) }
}

/// Copies part of a matrix to a panel `[depth][width]`, with zeros beyond the matrix. What is copied
/// at a time is a unit: a float32, or two neighbours along the depth as a bfloat16 pair.
struct PanelPacker {
    let builder: LoopBuilder
    let isa: VectorISA
    /// Vectors of the panel.
    let vectors: Int
    /// Multiplies every element; nil for none.
    var scale: Double?
    var element = MatrixElement.float32

    private var lanes: Int { isa.lanes }

    /// `source` points at the panel's first column; `columns` of them exist from there on (more than
    /// the panel holds is fine).
    func pack(
        _ source: Pointer, layout: RightLayout, depth: Value, columns: Value, to panel: Pointer
    ) {
        switch layout {
        case .packed: return
        case .rows(let stride): packRows(source, stride, depth, columns, panel)
        case .columns(let stride): packColumns(source, stride, depth, columns, panel)
        }
    }

    private func scaled(_ value: Value) -> Value { scale.map { value * $0 } ?? value }

    private var zero: Value {
        element.unitType == .float32
            ? builder.constant(Float(0), lanes: lanes)
            : builder.constant(0, ValueType(.int32, lanes: lanes))
    }

    private func packRows(
        _ source: Pointer, _ stride: Int, _ depth: Value, _ columns: Value, _ panel: Pointer
    ) {
        let masks = (0..<vectors).map { builder.firstLanes(columns - $0 * lanes, of: lanes) }
        func packUnit(_ unit: Value, isHalf: Bool) {
            for vector in 0..<vectors {
                func load(_ row: Value) -> Value {
                    let place = source + row * stride + vector * lanes
                    return scaled(place.load(lanes: lanes, mask: masks[vector]))
                }
                var value = load(unit * element.depthPerUnit)
                if element == .bfloat16 {
                    let next = isHalf ? value.like(0.0) : load(unit * 2 + 1)
                    value = value.bfloat16Pair(with: next)
                }
                (panel + unit * (vectors * lanes) + vector * lanes).store(value)
            }
        }
        let whole = depth.quotient(element.depthPerUnit)
        builder.loop(builder.constant(0), whole) { packUnit($0, isHalf: false) }
        builder.branch((whole * element.depthPerUnit) .< depth) { packUnit(whole, isHalf: true) }
    }

    /// Square blocks are transposed in registers; what does not fill a block goes one by one.
    private func packColumns(
        _ source: Pointer, _ stride: Int, _ depth: Value, _ columns: Value, _ panel: Pointer
    ) {
        let width = vectors * lanes
        let units = (depth + (element.depthPerUnit - 1)).quotient(element.depthPerUnit)
        let wholeUnits = depth.quotient(element.depthPerUnit * lanes) * lanes
        builder.loop(vectors) { vector in
            let first = vector * lanes
            let source = source + first * stride
            let panel = panel + first
            builder.branch(columns - first .>= builder.constant(lanes)) {
                builder.loop(builder.constant(0), wholeUnits, step: lanes) { unit in
                    let rows = (0..<lanes).map { column in
                        unitVector(source + unit * element.depthPerUnit + column * stride)
                    }
                    for (row, value) in transpose(rows).enumerated() {
                        (panel + unit * width + row * width).store(value)
                    }
                }
                builder.loop(wholeUnits, units) { unit in
                    for column in 0..<lanes {
                        (panel + unit * width + column)
                            .store(self.unit(source + column * stride, unit, depth))
                    }
                }
            }
            builder.branch(columns - first .< builder.constant(lanes)) {
                builder.loop(builder.constant(0), units) { (panel + $0 * width).store(zero) }
                builder.loop(builder.constant(0), columns - first) { column in
                    builder.loop(builder.constant(0), units) { unit in
                        (panel + unit * width + column)
                            .store(self.unit(source + column * stride, unit, depth))
                    }
                }
            }
        }
    }

    /// A vector of units along the depth.
    private func unitVector(_ place: Pointer) -> Value {
        let first = scaled(place.load(lanes: lanes))
        if element != .bfloat16 { return first }
        return first.bfloat16Pairs(followedBy: scaled((place + lanes).load(lanes: lanes)))
    }

    private func unit(_ column: Pointer, _ unit: Value, _ depth: Value) -> Value {
        let first = scaled((column + unit * element.depthPerUnit).load())
        if element != .bfloat16 { return first }
        let next = unit * 2 + 1
        let value = scaled((column + next.minimum(depth - 1)).load())
        return first.bfloat16Pair(with: (next .< depth).select(value, 0))
    }

    /// Transposes a square block of vectors: in round `d`, blocks of `d` lanes change places between
    /// the rows `i` and `i + d`.
    private func transpose(_ rows: [Value]) -> [Value] {
        var rows = rows
        let lanes = rows.count
        var distance = lanes / 2
        while distance > 0 {
            let low = (0..<lanes).map { $0 & distance == 0 ? $0 : lanes + $0 - distance }
            let high = (0..<lanes).map { $0 & distance == 0 ? $0 + distance : lanes + $0 }
            for row in 0..<lanes where row & distance == 0 {
                let (a, b) = (rows[row], rows[row + distance])
                rows[row] = a.shuffle(b, low)
                rows[row + distance] = a.shuffle(b, high)
            }
            distance /= 2
        }
        return rows
    }
}

/// Kernel: rewrites a float32 matrix `[depth, columns]` as panels, each with room for the bound of
/// the depth. One part per panel.
///
/// Buffers: `matrix` (layout `rows` or `columns`), `panels` (out; 4-byte units).
package struct PackPanels: Hashable, Sendable {
    package var columns: Int
    package var depth: Extent
    package var layout: RightLayout
    package var element: MatrixElement

    package init(
        columns: Int, depth: Extent, layout: RightLayout, element: MatrixElement = .float32
    ) {
        self.element = element
        self.columns = columns
        self.depth = depth
        self.layout = layout
    }

    /// Units of `panels`, four bytes each.
    package func packedCount(isa: VectorISA) -> Int {
        PanelShape(columns: columns, isa: isa).packedCount(
            depth: element.units(depth.bound))
    }

    package func lower(to isa: VectorISA, name: String = "packPanels") throws -> LoopFunction {
        let k = LoopBuilder(name)
        let matrix = k.input("matrix")
        let panels = k.output("panels", element.unitType)
        let shape = PanelShape(columns: columns, isa: isa)
        let columnStride: Int
        if case .columns(let stride) = layout { columnStride = stride } else { columnStride = 1 }
        let panel = k.parts([PartAxis(.constant(shape.count))])[0]

        func pack(vectors: Int) {
            let first = panel * shape.width
            PanelPacker(builder: k, isa: isa, vectors: vectors, element: element).pack(
                matrix + first * columnStride, layout: layout, depth: k.value(of: depth),
                columns: k.constant(columns) - first,
                to: panels + first * element.units(depth.bound))
        }
        let isFull = panel .< k.constant(shape.fullCount)
        if shape.fullCount > 0 { k.branch(isFull) { pack(vectors: isa.panelVectors) } }
        if shape.remainder > 0 {
            k.branch(panel .== k.constant(shape.fullCount)) {
                pack(vectors: shape.remainderWidth / isa.lanes)
            }
        }
        return try k.finish()
    }
}
