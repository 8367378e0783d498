import MartletIR

/// One random primitive, or a few, on values of the pool.
extension RandomGraphGenerator {
    mutating func appendRandomOp() throws {
        switch choice.below(14) {
        case 0, 1: try appendUnary()
        case 2, 3: try appendBinary()
        case 4: try appendReshape()
        case 5: try appendTranspose()
        case 6: try appendSliceOrPad()
        case 7: try appendConcatenation()
        case 8: try appendReduction()
        case 9, 10: try appendProduct()
        case 11: try appendSelection()
        case 12: try appendIndexing()
        default: try appendComposite()
        }
    }

    // MARK: Elementwise

    private mutating func appendUnary() throws {
        let (b, x) = (builder, pick())
        switch choice.below(13) {
        case 0: try push(b.unary(.tanh, x.value), bound: 1)
        case 1: try push(b.unary(.logistic, x.value), bound: 1)
        case 2: try push(b.unary(.erf, x.value), bound: 1)
        case 3: try push(b.unary(.sine, x.value), bound: 1)
        case 4: try push(b.unary(.cosine, x.value), bound: 1)
        case 5: try push(b.negate(x.value), bound: x.bound)
        case 6: try push(b.unary(.abs, x.value), bound: x.bound)
        case 7: try push(b.unary(.exponential, b.unary(.tanh, x.value)), bound: 2.8)
        case 8: try push(b.unary(.exponentialMinusOne, b.unary(.tanh, x.value)), bound: 1.8)
        case 9: try push(b.unary(.log, positive(x).value), bound: 3)
        case 10: try push(b.unary(.logPlusOne, positive(x).value), bound: 3)
        case 11: try push(b.unary(.sqrt, positive(x).value), bound: 1 + x.bound)
        default: try push(b.unary(.rsqrt, positive(x).value), bound: 1.5)
        }
    }

    /// `x² + 0.5`
    private func positive(_ x: Entry) throws -> Entry {
        let square = try builder.multiply(x.value, x.value)
        return Entry(value: try builder.add(square, 0.5), bound: x.bound * x.bound + 0.5)
    }

    private mutating func appendBinary() throws {
        let (b, x) = (builder, pick())
        let y = try pick(shape(x.value))
        switch choice.below(9) {
        case 0, 1: try push(b.add(x.value, y.value), bound: x.bound + y.bound)
        case 2: try push(b.subtract(x.value, y.value), bound: x.bound + y.bound)
        case 3, 4: try push(b.multiply(x.value, y.value), bound: x.bound * y.bound)
        case 5: try push(b.divide(x.value, positive(y).value), bound: 2 * x.bound)
        case 6: try push(b.maximum(x.value, y.value), bound: max(x.bound, y.bound))
        case 7: try push(b.minimum(x.value, y.value), bound: max(x.bound, y.bound))
        default:
            let base = try b.add(b.unary(.logistic, x.value), 0.5)
            try push(b.power(base, b.unary(.tanh, y.value)), bound: 2)
        }
    }

    /// What depends on a comparison compares only inputs, which every precision holds alike.
    private mutating func appendSelection() throws {
        let (b, x) = (builder, pick())
        let type = b.type(of: x.value)
        let shape = type.shape
        let condition: Value
        switch choice.below(6) {
        case 0: condition = try freshBooleans(shape)
        case 1:
            let direction = choice.of(Compare.Direction.allCases)
            condition = try b.compare(
                direction, freshIntegers(shape, below: 3), freshIntegers(shape, below: 3))
        case 2 where shape.rank > 0:
            let positions = TensorType(choice.of([.i32, .f32]), shape)
            let index = try b.append(.iota(Iota(positions, axis: choice.below(shape.rank))))
            condition = try b.compare(.lt, index, b.splat(2, positions))
        case 3:
            let data = try freshInput(shape, role: .data).value
            let kind = choice.of([Unary.Kind.floor, .ceil, .sign])
            condition = try b.compare(.ge, b.unary(kind, data), b.splat(0, type))
        case 4:
            let finite = try b.unary(.isFinite, x.value)
            let (left, right) = try (freshBooleans(shape), freshBooleans(shape))
            condition = try b.binary(.and, finite, b.binary(.or, b.unary(.not, left), right))
        default:
            let data = try b.convert(freshInput(shape, role: .data).value, to: .i32)
            condition = try b.convert(data, to: .bool)
        }
        let y = try pick(shape)
        try push(b.select(condition, x.value, y.value), bound: max(x.bound, y.bound))
    }

    // MARK: Movement

    private mutating func appendReshape() throws {
        let x = pick()
        var dimensions = shape(x.value).dimensions
        if dimensions.count >= 2, choice.oneIn(2) {
            let axis = choice.below(dimensions.count - 1)
            dimensions[axis] = dimensions[axis] * dimensions[axis + 1]
            dimensions.remove(at: axis + 1)
        } else if let axis = dimensions.firstIndex(where: { ($0.fixed ?? 1) % 2 == 0 }),
            let extent = dimensions[axis].fixed, extent > 0
        {
            dimensions[axis] = 2
            dimensions.insert(Dimension(extent / 2), at: axis + 1)
        } else {
            dimensions.insert(1, at: choice.below(dimensions.count + 1))
        }
        try push(builder.reshape(x.value, Shape(dimensions)), bound: x.bound)
    }

    private mutating func appendTranspose() throws {
        let x = pick()
        let axes = choice.shuffled(Array(0..<shape(x.value).rank))
        try push(builder.transpose(x.value, axes), bound: x.bound)
    }

    private mutating func appendSliceOrPad() throws {
        let x = pick()
        let shape = shape(x.value)
        if choice.oneIn(2) {
            var (starts, limits, strides) = ([Int](), shape, [Int]())
            for axis in 0..<shape.rank {
                guard let extent = shape[axis].fixed, choice.oneIn(2) else {
                    starts.append(0)
                    strides.append(1)
                    continue
                }
                let start = choice.below(extent + 1)
                starts.append(start)
                limits.dimensions[axis] = Dimension(start + choice.below(extent - start + 1))
                strides.append(1 + choice.below(3))
            }
            let slice = try builder.slice(x.value, starts: starts, limits: limits, strides: strides)
            return try push(slice, bound: x.bound)
        }
        let low = (0..<shape.rank).map { _ in choice.of([0, 0, 1, 2]) }
        let high = (0..<shape.rank).map { _ in choice.of([0, 0, 1, 3]) }
        let interior = shape.dimensions.map { $0.fixed == nil ? 0 : choice.of([0, 0, 1]) }
        try push(builder.pad(x.value, low: low, high: high, interior: interior), bound: x.bound)
    }

    private mutating func appendConcatenation() throws {
        let x = pick()
        let shape = shape(x.value)
        // Along a symbolic axis there is no gradient.
        let axes = (0..<shape.rank).filter { shape[$0].fixed != nil }
        guard !axes.isEmpty else { return try appendUnary() }
        let axis = choice.of(axes)
        var (values, bound) = ([x.value], x.bound)
        for _ in 0..<choice.below(3) {
            var other = shape
            if !choice.oneIn(3) { other.dimensions[axis] = randomExtent() }
            let y = try pick(other)
            values.append(y.value)
            bound = max(bound, y.bound)
        }
        try push(builder.concatenate(choice.shuffled(values), axis: axis), bound: bound)
    }

    // MARK: Reductions and products

    private mutating func appendReduction() throws {
        let (b, x) = (builder, pick())
        let shape = shape(x.value)
        let axes = (0..<shape.rank).filter { _ in choice.oneIn(2) }
        let count = axes.reduce(1) { $0 * (actual(shape)[$1]) }
        switch choice.below(7) {
        case 0, 1: try push(b.reduce(.sum, x.value, axes: axes), bound: x.bound * Double(count))
        case 2 where count > 0: try push(b.mean(x.value, axes: axes), bound: x.bound)
        case 3 where count > 0: try push(b.reduce(.max, x.value, axes: axes), bound: x.bound)
        case 4 where count > 0: try push(b.reduce(.min, x.value, axes: axes), bound: x.bound)
        case 5 where count < 9:
            let near1 = try b.add(b.multiply(b.unary(.tanh, x.value), 0.3), 1)
            try push(b.reduce(.product, near1, axes: axes), bound: 11)
        default:
            try push(
                b.reduceKeepingAxes(.sum, x.value, axes: axes), bound: x.bound * Double(count))
        }
    }

    /// A contraction of a pool value over random axes with a new operand.
    private mutating func appendProduct() throws {
        let x = pick()
        let left = shape(x.value)
        var (batch, contracting) = ([Int](), [Int]())
        for axis in 0..<left.rank {
            switch choice.below(4) {
            case 0: batch.append(axis)
            case 1: contracting.append(axis)
            default: break
            }
        }
        if contracting.isEmpty, left.rank > 0, batch.last != left.rank - 1 {
            contracting.append(left.rank - 1)
        }
        batch = choice.shuffled(batch)
        contracting = choice.shuffled(contracting)
        // The right operand's axes in random order.
        let free = (0..<choice.below(3)).map { _ in randomExtent() }
        let extents = batch.map { left[$0] } + contracting.map { left[$0] } + free
        let order = choice.shuffled(Array(extents.indices))
        let rightShape = Shape(order.map { extents[$0] })
        guard fits(rightShape) else { return try appendUnary() }
        func position(_ index: Int) -> Int { order.firstIndex(of: index) ?? 0 }
        let op = DotGeneral(
            leftBatch: batch, rightBatch: batch.indices.map { position($0) },
            leftContracting: contracting,
            rightContracting: contracting.indices.map { position(batch.count + $0) })
        let types = try op.resultTypes([builder.type(of: x.value), TensorType(.f32, rightShape)])
        let depth = contracting.reduce(1) { $0 * actual(left)[$1] }
        guard fits(types[0].shape), depth <= 200 else { return try appendUnary() }
        let right = try freshInput(rightShape)
        let product: Value
        if choice.oneIn(5), free.count == 2 {
            // The other side too.
            let swapped = DotGeneral(
                leftBatch: op.rightBatch, rightBatch: op.leftBatch,
                leftContracting: op.rightContracting, rightContracting: op.leftContracting)
            product = try builder.append(.dotGeneral(swapped), right.value, x.value)
        } else {
            product = try builder.append(.dotGeneral(op), x.value, right.value)
        }
        let scaled = try builder.multiply(product, 1 / Double(max(depth, 1)).squareRoot())
        try push(scaled, bound: x.bound * 1.5 * Double(depth).squareRoot())
    }

    // MARK: Indexing

    private mutating func appendIndexing() throws {
        let b = builder
        let rowCount = choice.of([1, 2, 3, 7])
        let width = randomExtent()
        let ids: Value
        let idShape = choice.oneIn(2) ? Shape([batch, randomExtent()]) : randomShape()
        guard fits(Shape(idShape.dimensions + [width])), idShape.rank < 4 else { return }
        if choice.oneIn(3) {
            let scores = try freshInput(
                Shape(idShape.dimensions + [Dimension(rowCount)]), role: .data)
            ids = try b.append(.argMax(ArgMax(axis: idShape.rank)), scores.value)
        } else {
            ids = try freshIntegers(idShape, below: rowCount, dtype: choice.of([.i32, .i64]))
        }
        let table = try freshInput([Dimension(rowCount), width])
        switch choice.below(3) {
        case 0: try push(b.gather(table.value, ids), bound: table.bound)
        case 1: try push(b.append(.embedding(EmbeddingLookup()), table.value, ids), bound: 1.5)
        default:
            let updates = try pick(Shape(idShape.dimensions + [width]))
            let count = actual(idShape).reduce(1, *)
            try push(
                b.scatterAdd(table.value, ids, updates.value),
                bound: table.bound + updates.bound * Double(count))
        }
    }
}
