import MartletIR
import MartletRuntime

extension StepCompiler {
    /// A cluster of f32 and bool values; other element types run interpreted.
    func compile(_ cluster: Cluster, _ step: PlanStep) throws -> CompiledStep {
        let output = try result(step)
        guard output.type.dtype == .f32 else { throw NoKernel() }
        var parameters: [String: KernelCall.Parameter] = [:]
        let shape = try MergedShape(cluster, step)
        var (kernel, node) = try kernel(cluster, step, shape, &parameters)
        kernel.results = [
            ClusterResult(node, strides: try Self.extents(shape.resultStrides, &parameters))
        ]
        return try single(kernel, into: output, step, parameters)
    }

    /// The sum of a cluster's elements; of many in chunks along the first axis.
    func compileSum(of cluster: Cluster, _ step: PlanStep) throws -> CompiledStep {
        let output = try result(step)
        var parameters: [String: KernelCall.Parameter] = [:]
        let shape = try MergedShape(cluster, step)
        var (kernel, node) = try kernel(cluster, step, shape, &parameters)
        kernel.results = [ClusterResult(node, strides: kernel.shape.map { _ in 0 })]
        kernel.reduction = kernel.shape.isEmpty ? nil : .sum
        kernel.reducedAxes = Set(kernel.shape.indices)
        let row = Shape(Array(shape.dimensions.dropFirst()))
        guard let rowByteCount = row.boundByteCount(of: .f32) else { throw NoKernel() }
        let chunk = 1 + (Self.chunkByteCount - 1) / max(1, rowByteCount)
        if let depth = shape.dimensions.first, kernel.shape[0].bound > chunk {
            return try chunked(kernel, by: chunk, of: depth, into: output, step, parameters)
        }
        return try single(kernel, into: output, step, parameters)
    }

    /// Bytes of elements, were they stored, of which a cluster's sum makes one partial sum.
    private static let chunkByteCount = 65_536

    /// The kernel, its results still open, and the node of its expression that the cluster makes.
    private func kernel(
        _ cluster: Cluster, _ step: PlanStep, _ shape: MergedShape,
        _ parameters: inout [String: KernelCall.Parameter]
    ) throws -> (kernel: ElementwiseCluster, node: Int) {
        let shapeExtents = try shape.dimensions.enumerated().map { axis, dimension in
            try dimension.extent(named: "extent\(axis)", &parameters)
        }
        var expression = ClusterExpression(cluster.shape)
        for leaf in cluster.leaves { try expression.append(leaf, step) }
        for instruction in cluster.instructions { try expression.append(instruction) }
        guard let node = expression.registers.last else { throw NoKernel() }
        let operands = try zip(step.operands, shape.operandStrides).map { operand, strides in
            ClusterOperand(
                try Self.element(operand.type.dtype),
                strides: try Self.extents(strides, &parameters))
        }
        let kernel = ElementwiseCluster(
            shape: shapeExtents, operands: operands, indices: shape.indexStrides,
            expression: expression.expression, results: [])
        return (kernel, node)
    }

    private static func extents(
        _ strides: [Dimension], _ parameters: inout [String: KernelCall.Parameter]
    ) throws -> [Extent] {
        try strides.map { stride in
            // Equal strides share a parameter, whatever axis they are of.
            let name = "stride" + stride.description.filter { $0 != " " }
            return try stride.extent(named: name, &parameters)
        }
    }

    private static func element(_ dtype: DType) throws -> ScalarType {
        switch dtype {
        case .f32: .float32
        case .bool: .int8
        default: throw NoKernel()
        }
    }
}

/// A cluster's axes with neighbours merged, so that a symbolic leading axis takes the fixed ones
/// behind it along: `[batch, 256, 32]` of plain tensors is one run of `8192·batch` elements.
private struct MergedShape {
    private(set) var dimensions: [Dimension] = []
    private(set) var operandStrides: [[Dimension]]
    private(set) var resultStrides: [Dimension] = []
    /// Of the cluster's iotas, in the order of its leaves.
    private(set) var indexStrides: [[Int]] = []

    init(_ cluster: Cluster, _ step: PlanStep) throws {
        var strides = try step.operands.indices.map { operand in
            try Self.strides(of: operand, cluster, step)
        }
        strides.append(cluster.shape.rowMajorStrides)
        for case .iota(let axis, _) in cluster.leaves {
            strides.append(cluster.shape.dimensions.indices.map { $0 == axis ? 1 : 0 })
        }
        var merged = strides.map { _ in [Dimension]() }
        for axis in 0..<cluster.shape.rank where cluster.shape[axis] != 1 {
            let extent = cluster.shape[axis]
            let merges =
                !dimensions.isEmpty
                && strides.indices.allSatisfy { tensor in
                    merged[tensor].last == strides[tensor][axis] * extent
                }
            if merges {
                dimensions[dimensions.count - 1] = dimensions[dimensions.count - 1] * extent
                for tensor in strides.indices {
                    merged[tensor][merged[tensor].count - 1] = strides[tensor][axis]
                }
            } else {
                dimensions.append(extent)
                for tensor in strides.indices { merged[tensor].append(strides[tensor][axis]) }
            }
        }
        let count = step.operands.count
        operandStrides = Array(merged.prefix(count))
        resultStrides = merged[count]
        indexStrides = merged.dropFirst(count + 1).map { $0.map { $0.fixed ?? 0 } }
        guard indexStrides.allSatisfy({ ($0.last ?? 0) == 0 }) else { throw NoKernel() }
    }

    /// An operand read by one leaf only: two leaves may walk it differently.
    private static func strides(
        of operand: Int, _ cluster: Cluster, _ step: PlanStep
    ) throws -> [Dimension] {
        let walks = cluster.leaves.compactMap { leaf -> [Int?]? in
            if case .operand(operand, let axes) = leaf { axes } else { nil }
        }
        guard walks.count == 1 else { throw NoKernel() }
        let shape = step.operands[operand].type.shape
        let strides = shape.rowMajorStrides
        return walks[0].map { axis in
            guard let axis, shape[axis] != 1 else { return 0 }
            return strides[axis]
        }
    }
}

/// The instructions of a cluster as an expression over f32, conditions bool.
private struct ClusterExpression {
    private(set) var expression = Expression()
    /// The expression's node of each register.
    private(set) var registers: [Int] = []
    private var isBool: [Bool] = []
    /// Registers of small integers, held as float32; they may only be compared.
    private var isIndex: Set<Int> = []
    private var indexCount = 0
    private let shape: Shape
    /// Below this, every integer is a float32.
    private static let largestExactIndex = 16_777_216.0

    init(_ shape: Shape) { self.shape = shape }

    private mutating func pushIndex(_ node: Int) {
        isIndex.insert(registers.count)
        push(node, isBool: false)
    }

    mutating func append(_ leaf: Cluster.Leaf, _ step: PlanStep) throws {
        switch leaf {
        case .immediate(let value, .f32): push(expression.constant(Float(value)), isBool: false)
        case .immediate(let value, .i32) where abs(value) <= Self.largestExactIndex:
            pushIndex(expression.constant(Float(value)))
        case .iota(let axis, let dtype):
            guard dtype == .i32, let bound = shape[axis].bound, bound <= Int(Self.largestExactIndex)
            else { throw NoKernel() }
            pushIndex(expression.append(.index(indexCount)))
            indexCount += 1
        case .immediate: throw NoKernel()
        case .operand(let index, _):
            switch step.operands[index].type.dtype {
            case .f32: push(expression.operand(index), isBool: false)
            case .bool:
                let zero = expression.constant(0)
                let byte = expression.operand(index)
                push(expression.append(.compare(.notEqual, byte, zero)), isBool: true)
            default: throw NoKernel()
            }
        }
    }

    private mutating func push(_ node: Int, isBool: Bool) {
        registers.append(node)
        self.isBool.append(isBool)
    }

    mutating func append(_ instruction: Cluster.Instruction) throws {
        let arguments = instruction.arguments.map { registers[$0] }
        if case .compare = instruction.op {
        } else if instruction.arguments.contains(where: { isIndex.contains($0) }) {
            throw NoKernel()
        }
        switch instruction.op {
        case .unary(let unary):
            guard let node = unaryNode(unary.kind, arguments[0]) else { throw NoKernel() }
            push(node, isBool: false)
        case .binary(let binary):
            guard let operation = Self.operations[binary.kind],
                !isBool[instruction.arguments[0]]
            else { throw NoKernel() }
            push(expression.binary(operation, arguments[0], arguments[1]), isBool: false)
        case .compare(let compare):
            guard !isBool[instruction.arguments[0]] else { throw NoKernel() }
            push(
                expression.append(
                    .compare(Self.comparison(compare.direction), arguments[0], arguments[1])),
                isBool: true)
        case .select:
            guard instruction.dtype == .f32 else { throw NoKernel() }
            push(
                expression.append(.select(arguments[0], arguments[1], arguments[2])),
                isBool: false)
        case .convert:
            guard instruction.dtype == .f32, isBool[instruction.arguments[0]] else {
                throw NoKernel()
            }
            let (one, zero) = (expression.constant(1), expression.constant(0))
            push(expression.append(.select(arguments[0], one, zero)), isBool: false)
        case .gelu(let gelu):
            let activation: Activation = gelu.isApproximate ? .geluTanh : .gelu
            push(expression.append(.activation(activation, arguments[0])), isBool: false)
        default: throw NoKernel()
        }
    }

    private mutating func unaryNode(_ kind: Unary.Kind, _ x: Int) -> Int? {
        switch kind {
        case .negate: expression.unary(.negate, x)
        case .abs: expression.unary(.absolute, x)
        case .exponential: expression.unary(.exponential, x)
        case .log: expression.unary(.logarithm, x)
        case .sqrt: expression.unary(.squareRoot, x)
        case .rsqrt: expression.unary(.reciprocal, expression.unary(.squareRoot, x))
        case .tanh: expression.unary(.hyperbolicTangent, x)
        case .logistic: expression.unary(.sigmoid, x)
        case .erf: expression.unary(.errorFunction, x)
        default: nil
        }
    }

    private static let operations: [Binary.Kind: BinaryOperation] = [
        .add: .add, .subtract: .subtract, .multiply: .multiply, .divide: .divide,
        .maximum: .maximum, .minimum: .minimum,
    ]

    private static func comparison(_ direction: Compare.Direction) -> Comparison {
        switch direction {
        case .eq: .equal
        case .ne: .notEqual
        case .lt: .less
        case .le: .lessOrEqual
        case .gt: .greater
        case .ge: .greaterOrEqual
        }
    }
}
