/// A value that comes from outside: a batch, a parameter, the step number.
///
/// `%0 = input() {name = "dense/kernel", role = parameter, type = f32[32, 64]}`
public struct Input: PrimitiveOperation {
    /// What the input is for; the runtime keeps parameters and slots from step to step.
    public enum Role: String, Hashable, Sendable, CaseIterable {
        /// Given anew at every step.
        case data
        /// A trainable weight.
        case parameter
        /// A weight no gradient reaches.
        case constant
        /// Optimizer state that belongs to a parameter.
        case slot
        /// The number of updates done so far, an i64 scalar.
        case step
        /// The seed of every random op, an i64 scalar.
        case seed
    }

    public var inputName: String
    public var role: Role
    public var type: TensorType

    public init(_ name: String, role: Role, type: TensorType) {
        inputName = name
        self.role = role
        self.type = type
    }

    public init(reading attributes: inout AttributeReader) throws {
        let name = try attributes.text("name")
        let role: Role = try attributes.word("role")
        self.init(name, role: role, type: try attributes.type())
    }

    public var name: String { "input" }
    public var attributes: [Attribute] {
        [
            Attribute("name", .text(inputName)), Attribute("role", .word(role.rawValue)),
            Attribute("dtype", .word(type.dtype.rawValue)),
            Attribute("shape", .shape(type.shape)),
        ]
    }
    public var gradient: GradientRule { .zero }

    public func resultTypes(_ operands: [TensorType]) throws -> [TensorType] {
        try TypeMismatch.requireCount(operands, 0)
        return [type]
    }

    public func evaluate(
        _ operands: [ReferenceTensor], resultTypes: [TensorType], extents: SymbolExtents
    ) throws -> [ReferenceTensor] {
        throw GraphError(op: name, message: "no value was given for input \"\(inputName)\"")
    }
}

/// The elements of a constant: all equal, or one by one in row-major order.
public struct Literal: Hashable, Sendable {
    public var dtype: DType
    public var shape: [Int]
    /// One element stands for all, or one for each.
    public var elements: [Double]

    public init(_ dtype: DType, shape: [Int], elements: [Double]) {
        self.dtype = dtype
        self.shape = shape
        self.elements = elements
    }

    public init(_ value: Double, _ dtype: DType = .f32) {
        self.init(dtype, shape: [], elements: [value])
    }

    /// The one value of every element, if they are all equal.
    public var splat: Double? {
        guard let first = elements.first else { return nil }
        return elements.allSatisfy { $0.bitPattern == first.bitPattern } ? first : nil
    }

    /// Bits are compared, so that a NaN equals itself and -0 differs from 0.
    public static func == (left: Literal, right: Literal) -> Bool {
        left.dtype == right.dtype && left.shape == right.shape
            && left.elements.elementsEqual(right.elements) { $0.bitPattern == $1.bitPattern }
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(dtype)
        hasher.combine(shape)
        for element in elements { hasher.combine(element.bitPattern) }
    }
}

/// `%1 = constant() {dtype = f32, shape = [2], elements = {1.0, 2.5}}`
public struct Constant: PrimitiveOperation {
    public var literal: Literal

    public init(_ literal: Literal) { self.literal = literal }

    public init(reading attributes: inout AttributeReader) throws {
        let (dtype, shape): (DType, Shape) = (
            try attributes.word("dtype"), try attributes.shape("shape")
        )
        guard let extents = shape.fixed else {
            throw TypeMismatch("attribute shape: a constant's shape \(shape) must be fixed")
        }
        self.init(Literal(dtype, shape: extents, elements: try attributes.numbers("elements")))
    }

    public var name: String { "constant" }
    public var attributes: [Attribute] {
        [
            Attribute("dtype", .word(literal.dtype.rawValue)),
            Attribute("shape", .shape(Shape(literal.shape))),
            Attribute("elements", .numbers(literal.elements)),
        ]
    }
    public var gradient: GradientRule { .zero }

    public func resultTypes(_ operands: [TensorType]) throws -> [TensorType] {
        try TypeMismatch.requireCount(operands, 0)
        let type = TensorType(literal.dtype, Shape(literal.shape))
        let count = try type.shape.checkedElementCount()
        try TypeMismatch.require(
            literal.elements.count == count || literal.elements.count == 1,
            "\(literal.elements.count) elements do not fill shape \(type.shape)")
        if literal.dtype == .bool {
            try TypeMismatch.require(
                literal.elements.allSatisfy { $0 == 0 || $0 == 1 }, "a bool is 0 or 1")
        }
        if let range = literal.dtype.integerRange {
            for element in literal.elements {
                try TypeMismatch.require(
                    range.contains(element) && element == element.rounded(),
                    "\(element) is not an \(literal.dtype)")
            }
        }
        return [type]
    }

    public func evaluate(
        _ operands: [ReferenceTensor], resultTypes: [TensorType], extents: SymbolExtents
    ) throws -> [ReferenceTensor] {
        let count = literal.shape.reduce(1, *)
        let elements =
            literal.elements.count == count
            ? literal.elements : [Double](repeating: literal.elements[0], count: count)
        return [ReferenceTensor(literal.dtype, shape: literal.shape, elements: elements)]
    }
}

/// `result[i…] = i[axis]`, of any integer or float type.
public struct Iota: PrimitiveOperation {
    public var type: TensorType
    public var axis: Int

    public init(_ type: TensorType, axis: Int) {
        self.type = type
        self.axis = axis
    }

    public init(reading attributes: inout AttributeReader) throws {
        self.init(try attributes.type(), axis: try attributes.integer("axis"))
    }

    public var name: String { "iota" }
    public var attributes: [Attribute] {
        [
            Attribute("dtype", .word(type.dtype.rawValue)),
            Attribute("shape", .shape(type.shape)), Attribute("axis", .integer(axis)),
        ]
    }
    public var gradient: GradientRule { .zero }

    public func resultTypes(_ operands: [TensorType]) throws -> [TensorType] {
        try TypeMismatch.requireCount(operands, 0)
        try TypeMismatch.requireAxis(axis, rank: type.rank)
        try TypeMismatch.require(type.dtype != .bool, "an index cannot be a bool")
        return [type]
    }

    public func evaluate(
        _ operands: [ReferenceTensor], resultTypes: [TensorType], extents: SymbolExtents
    ) throws -> [ReferenceTensor] {
        [.generate(type.dtype, shape: extents.shape(type.shape)) { Double($0[axis]) }]
    }
}

/// The number of elements a shape has at this step, as a scalar: how a mean knows a symbolic
/// batch. (StableHLO's `get_dimension_size`, over several axes and with no operand.)
public struct DimensionSize: PrimitiveOperation {
    public var dtype: DType
    public var shape: Shape

    public init(_ shape: Shape, _ dtype: DType) {
        self.shape = shape
        self.dtype = dtype
    }

    public init(reading attributes: inout AttributeReader) throws {
        let type = try attributes.type()
        self.init(type.shape, type.dtype)
    }

    public var name: String { "get_dimension_size" }
    public var attributes: [Attribute] {
        [Attribute("dtype", .word(dtype.rawValue)), Attribute("shape", .shape(shape))]
    }
    public var gradient: GradientRule { .zero }

    public func resultTypes(_ operands: [TensorType]) throws -> [TensorType] {
        try TypeMismatch.requireCount(operands, 0)
        try TypeMismatch.require(dtype != .bool, "a size cannot be a bool")
        try TensorType(dtype, shape).requireSize()
        return [TensorType(dtype, .scalar)]
    }

    public func evaluate(
        _ operands: [ReferenceTensor], resultTypes: [TensorType], extents: SymbolExtents
    ) throws -> [ReferenceTensor] {
        let count = extents.shape(shape).reduce(1, *)
        return [ReferenceTensor(dtype, shape: [], elements: [Double(count)])]
    }
}
