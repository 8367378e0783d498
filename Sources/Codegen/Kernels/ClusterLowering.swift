/// Loops of a cluster: kept axes outside, reduced axes inside, and the last axis in vectors if every
/// tensor walks it by steps of one or stands still.
struct ClusterLowering {
    let cluster: ElementwiseCluster
    let k: LoopBuilder
    private let operands: [Pointer]
    private let results: [Pointer]
    private let lanes: Int
    private let lastAxis: Int
    private let keptAxes: [Int]
    private let reducedAxes: [Int]
    /// Vectors taken together where the last axis is kept.
    private let groupSize: Int

    init(cluster: ElementwiseCluster, isa: VectorISA, name: String) {
        self.cluster = cluster
        let builder = LoopBuilder(name)
        k = builder
        operands = cluster.operands.indices.map {
            builder.input("operand\($0)", cluster.operands[$0].element)
        }
        results = cluster.results.indices.map { builder.output("result\($0)") }
        let axes = cluster.shape.indices
        lastAxis = cluster.shape.count - 1
        keptAxes = axes.filter { !cluster.reducedAxes.contains($0) }
        reducedAxes = axes.filter { cluster.reducedAxes.contains($0) }
        let last = lastAxis
        let isReduced = cluster.reducedAxes.contains(last)
        let isVector =
            cluster.operands.allSatisfy { [0, 1].contains($0.strides[last]) }
            && (isReduced || cluster.results.allSatisfy { $0.strides[last] == 1 })
        lanes = isVector ? isa.lanes : 1
        groupSize = isVector && !isReduced && !cluster.reducedAxes.isEmpty ? 4 : 1
    }

    mutating func emit() {
        let split = splitAxis
        let chunkAxis = reducedAxes.first ?? 0
        let parts = k.parts([
            split.map { PartAxis(cluster.shape[$0], blockSize: blockSize(of: $0)) } ?? PartAxis(1),
            cluster.reductionChunk.map { PartAxis(cluster.shape[chunkAxis], blockSize: $0) }
                ?? PartAxis(1),
        ])
        var bounds = cluster.shape.map { (k.constant(0), k.value(of: $0)) }
        if let split { bounds[split] = block(parts[0], blockSize(of: split), of: split) }
        if let size = cluster.reductionChunk {
            bounds[chunkAxis] = block(parts[1], size, of: chunkAxis)
        }
        let origin = Place(
            operands: operands,
            indices: cluster.indices.map { _ in k.constant(0) },
            results: results.map { $0 + parts[1] * cluster.chunkStride })
        walkKept(keptAxes[...], origin, bounds)
    }

    /// Where the tensors stand at one point of the loop nest.
    private struct Place {
        var operands: [Pointer]
        var indices: [Value]
        var results: [Pointer]
    }

    private typealias Bounds = [(lower: Value, upper: Value)]

    // Parts

    /// The first kept axis that is not trivially short.
    private var splitAxis: Int? {
        keptAxes.first { cluster.shape[$0].bound > 1 } ?? keptAxes.first
    }

    /// About 32,768 elements to a part, in whole vectors.
    private func blockSize(of axis: Int) -> Int {
        let others = cluster.shape.indices.filter { $0 != axis }
        let elements = others.reduce(1) { $0 * max(1, cluster.shape[$1].bound) }
        let wanted = max(1, 32768 / elements)
        let unit = axis == lastAxis ? lanes * groupSize : 1
        return (wanted + unit - 1) / unit * unit
    }

    private func block(_ index: Value, _ size: Int, of axis: Int) -> (Value, Value) {
        let lower = index * size
        return (lower, (lower + size).minimum(k.value(of: cluster.shape[axis])))
    }

    // Kept axes

    private func walkKept(_ axes: ArraySlice<Int>, _ place: Place, _ bounds: Bounds) {
        guard let axis = axes.first else { return finish(place, bounds, offsets: [0], mask: nil) }
        let (lower, upper) = bounds[axis]
        guard axis == lastAxis, lanes > 1 else {
            k.loop(lower, upper) { index in
                walkKept(axes.dropFirst(), moved(place, axis, by: index), bounds)
            }
            return
        }
        let whole = lanes * groupSize
        let wholeEnd = lower + (upper - lower).quotient(whole) * whole
        k.loop(lower, wholeEnd, step: whole) { index in
            let offsets = (0..<groupSize).map { $0 * lanes }
            finish(moved(place, axis, by: index), bounds, offsets: offsets, mask: nil)
        }
        k.loop(wholeEnd, upper, step: lanes) { index in
            let mask = k.firstLanes(upper - index, of: lanes)
            finish(moved(place, axis, by: index), bounds, offsets: [0], mask: mask)
        }
    }

    private func moved(_ place: Place, _ axis: Int, by index: Value) -> Place {
        Place(
            operands: zip(place.operands, cluster.operands)
                .map { $0 + index * k.value(of: $1.strides[axis]) },
            indices: zip(place.indices, cluster.indices).map { $0 + index * $1[axis] },
            results: cluster.reducedAxes.contains(axis)
                ? place.results
                : zip(place.results, cluster.results).map {
                    $0 + index * k.value(of: $1.strides[axis])
                })
    }

    /// Computes and stores the results at one place: at each of `offsets` along the last axis.
    private func finish(_ place: Place, _ bounds: Bounds, offsets: [Int], mask: Value?) {
        guard let reduction = cluster.reduction else {
            for offset in offsets {
                store(evaluate(place, offset, mask), place, offset, mask)
            }
            return
        }
        let identity = k.constant(reduction.identity, lanes: lanes)
        let count = cluster.results.count
        let sums = reduce(
            reduction, reducedAxes[...], place, bounds, offsets, mask,
            Array(repeating: identity, count: count * offsets.count))
        for (index, offset) in offsets.enumerated() {
            let values = sums[index * count..<(index + 1) * count].map {
                cluster.reducedAxes.contains(lastAxis) ? $0.reduce(reduction) : $0
            }
            store(values, place, offset, mask)
        }
    }

    // Reduced axes

    private func reduce(
        _ reduction: Reduction, _ axes: ArraySlice<Int>, _ place: Place, _ bounds: Bounds,
        _ offsets: [Int], _ mask: Value?, _ sums: [Value]
    ) -> [Value] {
        guard let axis = axes.first else {
            let terms = offsets.flatMap { evaluate(place, $0, mask) }
            return zip(sums, terms).map { $0.combined(reduction.operation, $1) }
        }
        let (lower, upper) = bounds[axis]
        let isVector = axis == lastAxis && lanes > 1
        let step = isVector ? lanes : 1
        let wholeEnd = lower + (upper - lower).quotient(step) * step
        let whole = k.loop(lower, wholeEnd, step: step, carrying: sums) { index, sums in
            reduce(
                reduction, axes.dropFirst(), moved(place, axis, by: index), bounds, offsets, mask,
                sums)
        }
        guard isVector else { return whole }
        return k.loop(wholeEnd, upper, step: step, carrying: whole) { index, sums in
            let tail = k.firstLanes(upper - index, of: lanes)
            let terms = evaluate(moved(place, axis, by: index), 0, tail)
            return zip(sums, terms).map { sum, term in
                let kept = tail.map { $0.select(term, Double(reduction.identity)) } ?? term
                return sum.combined(reduction.operation, kept)
            }
        }
    }

    // One place

    private func evaluate(_ place: Place, _ offset: Int, _ mask: Value?) -> [Value] {
        cluster.expression.evaluate(
            cluster.results.map(\.node), builder: k, lanes: lanes,
            indices: { place.indices[$0].convert(.signedToFloat, .float32).splat(lanes) }
        ) { index in
            let operand = cluster.operands[index]
            let isBroadcast = operand.strides[lastAxis] == 0
            let pointer = isBroadcast ? place.operands[index] : place.operands[index] + offset
            let value = pointer.load(
                lanes: isBroadcast ? 1 : lanes, mask: isBroadcast ? nil : mask)
            return toFloat(value).splat(lanes)
        }
    }

    private func toFloat(_ value: Value) -> Value {
        switch value.type.scalar {
        case .float32: value
        case .int8, .bool:
            value.convert(.zeroExtend, .int32).convert(.signedToFloat, .float32)
        case .int16: (value.convert(.zeroExtend, .int32) << 16).bitcast(.float32)
        case .int32, .int64: value.convert(.signedToFloat, .float32)
        }
    }

    private func store(_ values: [Value], _ place: Place, _ offset: Int, _ mask: Value?) {
        for (value, pointer) in zip(values, place.results) {
            (pointer + offset).store(value, mask: value.type.lanes > 1 ? mask : nil)
        }
    }
}

extension Reduction {
    var identity: Float {
        switch self {
        case .sum: 0
        case .maximum: -.infinity
        case .minimum: .infinity
        }
    }

    var operation: BinaryOperation {
        switch self {
        case .sum: .add
        case .maximum: .maximum
        case .minimum: .minimum
        }
    }
}
