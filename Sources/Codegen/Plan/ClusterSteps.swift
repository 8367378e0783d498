import MartletIR
import MartletRuntime

extension StepCompiler {
    /// A cluster of f32 and bool values; other element types run interpreted.
    func compile(_ cluster: Cluster, _ step: PlanStep) throws -> CompiledStep {
        let output = try result(step)
        guard output.type.dtype == .f32, !cluster.instructions.isEmpty else { throw NoKernel() }
        var parameters: [String: KernelCall.Parameter] = [:]
        let shape = try MergedShape(cluster, step)
        let extents = try shape.dimensions.enumerated().map { axis, dimension in
            try dimension.extent(named: "extent\(axis)", &parameters)
        }
        var expression = ClusterExpression()
        for leaf in cluster.leaves { try expression.append(leaf, step) }
        for instruction in cluster.instructions { try expression.append(instruction) }
        guard let node = expression.registers.last else { throw NoKernel() }
        let operands = zip(step.operands, shape.operandStrides).map { operand, strides in
            ClusterOperand(operand.type.dtype == .bool ? .int8 : .float32, strides: strides)
        }
        let kernel = ElementwiseCluster(
            shape: extents, operands: operands, expression: expression.expression,
            results: [ClusterResult(node, strides: shape.resultStrides)])
        return CompiledStep([
            KernelCall(
                try kernel.lower(to: isa), step.operands.map { .value($0) } + [.value(output)],
                parameters: parameters)
        ])
    }

    /// Sums over neighbouring axes, in fixed chunks where the results are few.
    func compile(_ op: Reduce, _ step: PlanStep) throws -> CompiledStep {
        let output = try result(step)
        let shape = step.operands[0].type.shape
        guard op.kind == .sum, output.type.dtype == .f32, let first = op.axes.first,
            let last = op.axes.last, last - first == op.axes.count - 1, first == 0
        else { throw NoKernel() }
        let inner = try shape.fixedProduct(ofLast: shape.rank - last - 1)
        let reduced = Shape(Array(shape.dimensions[first...last])).elementCount
        var parameters: [String: KernelCall.Parameter] = [:]
        let depth = try reduced.extent(named: "depth", &parameters)
        guard depth.bound >= 1024, inner >= 8 else { throw NoKernel() }
        let chunk = max(256, (depth.bound + 63) / 64)
        var e = Expression()
        let x = e.operand(0)
        let kernel = ElementwiseCluster(
            shape: [depth, .constant(inner)], operands: [ClusterOperand(strides: [inner, 1])],
            expression: e, results: [ClusterResult(x, strides: [0, 1])], reduction: .sum,
            reducedAxes: [0], reductionChunk: chunk, chunkStride: inner)
        var compiled = CompiledStep([
            KernelCall(
                try kernel.lower(to: isa), [.value(step.operands[0]), .scratch(byteOffset: 0)],
                parameters: parameters)
        ])
        let most = (depth.bound + chunk - 1) / chunk
        compiled.sharedScratchByteCount = most * inner * MemoryLayout<Float>.stride
        compiled.epilogue = { context in
            let actual = reduced.evaluated { context.extents($0) } ?? 0
            return TreeSumPhase.phases(
                count: (actual + chunk - 1) / chunk, stride: inner, offset: 0, length: inner,
                into: context.floats(output), context)
        }
        return compiled
    }
}

/// A cluster's axes with neighbours merged, so that a symbolic leading axis takes the fixed ones
/// behind it along: `[batch, 256, 32]` of plain tensors is one run of `8192·batch` elements.
private struct MergedShape {
    private(set) var dimensions: [Dimension] = []
    private(set) var operandStrides: [[Int]]
    private(set) var resultStrides: [Int] = []

    init(_ cluster: Cluster, _ step: PlanStep) throws {
        var strides = try step.operands.indices.map { operand in
            try Self.strides(of: operand, cluster, step)
        }
        strides.append(try cluster.shape.rowMajorStrides.map { try Self.known($0) })
        var merged = strides.map { _ in [Int]() }
        for axis in 0..<cluster.shape.rank where cluster.shape[axis] != 1 {
            let extent = cluster.shape[axis]
            let merges =
                !dimensions.isEmpty
                && strides.indices.allSatisfy { tensor in
                    guard let fixed = extent.fixed, let outer = merged[tensor].last else {
                        return false
                    }
                    return outer == strides[tensor][axis] * fixed
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
        resultStrides = merged.removeLast()
        operandStrides = merged
    }

    private static func known(_ stride: Int?) throws -> Int {
        guard let stride else { throw NoKernel() }
        return stride
    }

    /// An operand read by one leaf only: two leaves may walk it differently.
    private static func strides(
        of operand: Int, _ cluster: Cluster, _ step: PlanStep
    ) throws -> [Int] {
        let walks = cluster.leaves.compactMap { leaf -> [Int?]? in
            if case .operand(operand, let axes) = leaf { axes } else { nil }
        }
        guard walks.count == 1 else { throw NoKernel() }
        let shape = step.operands[operand].type.shape
        return try walks[0].map { axis in
            guard let axis, shape[axis] != 1 else { return 0 }
            return try known(shape.rowMajorStrides[axis])
        }
    }
}

/// The instructions of a cluster as an expression over f32, conditions bool.
private struct ClusterExpression {
    private(set) var expression = Expression()
    /// The expression's node of each register.
    private(set) var registers: [Int] = []
    private var isBool: [Bool] = []

    mutating func append(_ leaf: Cluster.Leaf, _ step: PlanStep) throws {
        switch leaf {
        case .immediate(let value, .f32): push(expression.constant(Float(value)), isBool: false)
        case .immediate, .iota: throw NoKernel()
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
