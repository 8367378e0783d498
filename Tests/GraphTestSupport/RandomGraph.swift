import MartletIR

/// A small random graph with a scalar loss, and inputs for it: what backends and passes are
/// compared on.
///
/// Nasty on purpose: extents of 0, 1 and primes, a symbolic batch with fewer rows than its bound,
/// broadcasts, values shared and given out, transformer-like blocks as composites or spelled out.
/// Tame on purpose: values stay small, and nothing is compared or rounded that was computed, so
/// that float32 and float64 take the same branches.
package struct RandomGraph: Sendable {
    package let seed: UInt64
    package let graph: Graph
    package let inputs: [String: ReferenceTensor]
    /// The actual extents of the symbols.
    package let extents: [String: Int]

    /// - Parameter readsPositions: whether of each block's sequence one position alone is read.
    package init(seed: UInt64, readsPositions: Bool = false) throws {
        var generator = RandomGraphGenerator(seed: seed)
        generator.readsPositions = readsPositions
        try generator.generate()
        self.seed = seed
        graph = try generator.builder.build()
        inputs = generator.inputs
        extents = generator.extents.extents
    }
}

/// Grows a graph op by op.
struct RandomGraphGenerator {
    var choice: SeededChoice
    let builder: GraphBuilder
    var inputs: [String: ReferenceTensor] = [:]
    let extents: SymbolExtents
    /// Float values to build upon, with a bound on their magnitude.
    var pool: [Entry] = []
    var batch: Dimension
    var readsPositions = false
    private var key: (seed: Value, step: Value)?
    private var streams = 0

    struct Entry {
        var value: Value
        var bound: Double
    }

    /// Elements of the largest tensor, at actual extents.
    static let elementLimit = 400

    init(seed: UInt64) {
        choice = SeededChoice(seed: seed)
        builder = GraphBuilder(name: "random \(seed)")
        let bound = choice.of([1, 3, 4, 5])
        let isEmpty = choice.oneIn(40)
        extents = SymbolExtents(["batch": isEmpty ? 0 : 1 + choice.below(bound)])
        batch =
            choice.oneIn(3)
            ? Dimension(choice.of([1, 2, 3])) : Dimension(Symbol("batch", bound: bound))
    }

    mutating func generate() throws {
        for _ in 0..<(1 + choice.below(3)) { try pool.append(freshInput(randomShape())) }
        let blockCount = choice.of(readsPositions ? [1, 2] : [0, 0, 1, 1, 2])
        for _ in 0..<(3 + choice.below(14)) { try appendRandomOp() }
        for block in 0..<blockCount {
            builder.path = "block_\(block)"
            try appendBlock()
            builder.path = ""
            for _ in 0..<choice.below(4) { try appendRandomOp() }
        }
        try appendLoss()
    }

    // MARK: Shapes

    mutating func randomExtent() -> Dimension {
        if choice.oneIn(60) { return 0 }
        return Dimension(choice.of([1, 1, 2, 3, 4, 5, 7, 8, 11, 13, 16, 17]))
    }

    mutating func randomShape() -> Shape {
        var dimensions: [Dimension] = choice.oneIn(3) ? [] : [batch]
        for _ in 0..<choice.of([0, 1, 1, 2, 2, 3]) { dimensions.append(randomExtent()) }
        return fits(Shape(dimensions)) ? Shape(dimensions) : [batch, 5]
    }

    /// Whether a tensor of the shape stays small, at the actual extents and at the bounds.
    func fits(_ shape: Shape) -> Bool {
        shape.rank <= 5
            && actual(shape).reduce(1, *) <= Self.elementLimit
            && shape.elementCount.bound ?? .max <= 4 * Self.elementLimit
    }

    func actual(_ shape: Shape) -> [Int] { shape.evaluated { extents($0) } ?? [] }

    func shape(_ value: Value) -> Shape { builder.type(of: value).shape }

    // MARK: Inputs

    private mutating func input(
        _ role: Input.Role, _ type: TensorType, _ element: (inout SeededChoice) -> Double
    ) throws -> Value {
        let name = "\(role.rawValue)_\(inputs.count)"
        let extents = actual(type.shape)
        let elements = (0..<extents.reduce(1, *)).map { _ in element(&choice) }
        inputs[name] = ReferenceTensor(type.dtype, shape: extents, elements: elements)
        return try builder.append(.input(Input(name, role: role, type: type)))
    }

    /// Floats as f32 holds them, as a parameter unless `role` says otherwise.
    mutating func freshInput(_ shape: Shape, role: Input.Role? = nil) throws -> Entry {
        // A parameter's shape must be fixed.
        let role = role ?? (shape.fixed == nil || choice.oneIn(4) ? .data : .parameter)
        let value = try input(role, TensorType(.f32, shape)) {
            Double(Float($0.number(in: -1.5...1.5)))
        }
        return Entry(value: value, bound: 1.5)
    }

    mutating func freshIntegers(
        _ shape: Shape, below count: Int, dtype: DType = .i32
    ) throws -> Value {
        try input(.data, TensorType(dtype, shape)) { Double($0.below(count)) }
    }

    mutating func freshBooleans(_ shape: Shape) throws -> Value {
        try input(.data, TensorType(.bool, shape)) { $0.oneIn(3) ? 0 : 1 }
    }

    /// Seed and step, the same for every random op.
    mutating func randomKey() throws -> (seed: Value, step: Value) {
        if let key { return key }
        let scalar = TensorType(.i64, .scalar)
        let seed = try input(.seed, scalar) { Double($0.below(1 << 30)) }
        let step = try input(.step, scalar) { Double($0.below(1000)) }
        key = (seed, step)
        return (seed, step)
    }

    mutating func freshStream() -> Int {
        streams += 1
        return streams
    }

    // MARK: The pool

    /// A value to build upon: the newest half of the time.
    mutating func pick() -> Entry {
        choice.oneIn(2) ? pool[pool.count - 1] : choice.of(pool)
    }

    /// A value of a shape: one that exists, one broadcast, or a new input.
    mutating func pick(_ shape: Shape) throws -> Entry {
        let equal = pool.filter { self.shape($0.value) == shape }
        if !equal.isEmpty, !choice.oneIn(4) { return choice.of(equal) }
        guard choice.oneIn(2) else { return try freshInput(shape) }
        return try freshBroadcast(shape)
    }

    /// A new input repeated along some axes of a shape.
    mutating func freshBroadcast(_ shape: Shape) throws -> Entry {
        var (dimensions, extents) = ([Int](), [Dimension]())
        for axis in 0..<shape.rank where !choice.oneIn(2) {
            dimensions.append(axis)
            extents.append(choice.oneIn(4) ? 1 : shape[axis])
        }
        var entry = try freshInput(Shape(extents))
        entry.value = try builder.broadcastInDim(entry.value, shape, dimensions: dimensions)
        return entry
    }

    /// Adds a value to the pool, squashed if it could grow large, sometimes as an output.
    mutating func push(_ value: Value, bound: Double) throws {
        guard fits(shape(value)) else { return }
        var entry = Entry(value: value, bound: bound)
        if bound > 6 {
            entry = Entry(value: try builder.unary(.tanh, value), bound: 1)
        }
        pool.append(entry)
        if choice.oneIn(25) {
            builder.output("intermediate_\(builder.outputs.count)", entry.value)
        }
    }

    // MARK: The loss

    /// A weighted sum of the last value and of all that nobody reads yet.
    private mutating func appendLoss() throws {
        var isRead = Set<Value>()
        for node in builder.nodes { isRead.formUnion(node.operands) }
        let last = pool[pool.count - 1].value
        var loss = try builder.constant(0, .f32)
        for entry in pool where entry.value == last || !isRead.contains(entry.value) {
            let shape = shape(entry.value)
            let weight = try freshBroadcast(shape)
            let weighted = try builder.multiply(entry.value, weight.value)
            let sum = try builder.reduce(.sum, weighted, axes: Array(0..<shape.rank))
            loss = try builder.add(loss, sum)
        }
        builder.output("loss", loss)
    }
}
