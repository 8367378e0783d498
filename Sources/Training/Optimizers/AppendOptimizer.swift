import MartletIR
import MartletPasses

/// Turns gradients into updates: the last step of making a training graph.
///
/// Before: outputs `gradient/NAME`, as `Differentiate` adds them.
/// After: outputs `update/NAME` that update the parameters, `update/SLOT` that update the
/// optimizer's state; new inputs for the slots, and for the step number unless it is there.
/// Clipping, schedules, decay and bias corrections are nodes of the graph like any other.
///
/// Must run after `Differentiate`.
public struct AppendOptimizer: Pass {
    public var optimizer: Optimizer

    public init(_ optimizer: Optimizer) { self.optimizer = optimizer }

    public var name: String { "append-optimizer" }

    /// The output that holds the new value of a parameter or slot.
    public static func updateName(of input: String) -> String { "update/" + input }

    public func run(_ graph: Graph) throws -> Graph {
        try optimizer.validate()
        let builder = GraphBuilder(name: graph.name)
        // Every node keeps its number.
        for node in graph.nodes { _ = builder.copy(node, operands: node.operands) }
        let parameters = try parameters(of: graph)
        let consumed = Set(parameters.map { Differentiate.gradientName(of: $0.name) })
        for output in graph.outputs where !consumed.contains(output.name) {
            builder.output(output.name, output.value, updates: output.updates)
        }
        builder.path = "optimizer"
        var writer = try UpdateWriter(
            optimizer: optimizer, builder: builder, dtype: parameters[0].type.dtype)
        try writer.write(parameters)
        return try builder.build()
    }

    private func parameters(of graph: Graph) throws -> [OptimizedParameter] {
        var gradients: [String: Value] = [:]
        for output in graph.outputs { gradients[output.name] = output.value }
        var found: [OptimizedParameter] = []
        for node in graph.inputs {
            guard let input = graph.input(at: node), input.role == .parameter,
                let gradient = gradients[Differentiate.gradientName(of: input.inputName)]
            else { continue }
            found.append(
                OptimizedParameter(
                    name: input.inputName, type: input.type, value: Value(node: node),
                    gradient: gradient))
        }
        guard let first = found.first else {
            throw OptimizerError(
                optimizer.name,
                "no parameter has a gradient: every layer is frozen, or none has weights")
        }
        if let other = found.first(where: { $0.type.dtype != first.type.dtype }) {
            throw OptimizerError(
                optimizer.name,
                "parameters must share one element type: \(first.name) is \(first.type), "
                    + "\(other.name) is \(other.type)")
        }
        return found
    }
}

struct OptimizedParameter {
    var name: String
    var type: TensorType
    var value: Value
    var gradient: Value
    /// A scalar by which the gradient is yet to be multiplied.
    var gradientScale: Value?
}

/// Appends the updates of all parameters to a graph.
private struct UpdateWriter {
    let optimizer: Optimizer
    let builder: GraphBuilder
    private let learningRate: Value
    private let shared: [Value]
    /// Whether this step changes weights; nil where every step does.
    private var isUpdate: Value?

    init(optimizer: Optimizer, builder: GraphBuilder, dtype: DType) throws {
        self.optimizer = optimizer
        self.builder = builder
        let b = builder
        let step = try Self.step(in: b)
        let one = try b.constant(1, .i64)
        var updatesDone = step
        isUpdate = nil
        if optimizer.gradientAccumulationStepCount > 1 {
            let period = try b.constant(Double(optimizer.gradientAccumulationStepCount), .i64)
            let phase = try b.binary(.remainder, b.add(step, one), period)
            isUpdate = try b.compare(.eq, phase, b.constant(0, .i64))
            updatesDone = try b.divide(step, period)
        }
        switch optimizer.learningRate.kind {
        case .constant:
            learningRate = try Self.slot(
                optimizer.learningRateSlotName, TensorType(dtype, .scalar), b)
        case .schedule(let schedule):
            let time = optimizer.scheduleClock == .steps ? step : updatesDone
            learningRate = try schedule.emit(step: time, dtype, in: b)
        }
        let updateCount = try b.convert(b.add(updatesDone, one), to: dtype)
        shared = try optimizer.rule.shared(updateCount: updateCount, in: b)
    }

    /// The number of steps done so far: the graph's own input, or a new one.
    private static func step(in b: GraphBuilder) throws -> Value {
        for (index, node) in b.nodes.enumerated() {
            if case .input(let input) = node.op, input.role == .step { return Value(node: index) }
        }
        let type = TensorType(.i64, .scalar)
        return try b.append(.input(Input("step", role: .step, type: type)))
    }

    private static func slot(_ name: String, _ type: TensorType, _ b: GraphBuilder) throws -> Value
    {
        try b.append(.input(Input(name, role: .slot, type: type)))
    }

    mutating func write(_ parameters: [OptimizedParameter]) throws {
        var parameters = parameters
        if isUpdate != nil {
            for index in parameters.indices {
                parameters[index].gradient = try accumulate(parameters[index])
            }
        }
        if let clipping = optimizer.clipping {
            let clipped = try clipping.emit(parameters.map(\.gradient), in: builder)
            for (index, gradient) in clipped.enumerated() {
                parameters[index].gradient = gradient.value
                parameters[index].gradientScale = gradient.scale
            }
        }
        for parameter in parameters { try update(parameter) }
    }

    /// The mean gradient of the steps since the last update, and the accumulator's next value.
    private func accumulate(_ parameter: OptimizedParameter) throws -> Value {
        let b = builder
        let name = optimizer.slotName(Optimizer.accumulatorName, of: parameter.name)
        let slot = try Self.slot(name, parameter.type, b)
        let sum = try b.add(parameter.gradient, slot)
        try output(name, b.splat(0, parameter.type), otherwise: sum)
        return try b.divide(sum, Double(optimizer.gradientAccumulationStepCount))
    }

    private func update(_ parameter: OptimizedParameter) throws {
        let b = builder
        let multiplier = optimizer.learningRateMultiplier(of: parameter.name)
        let rate = multiplier == 1 ? learningRate : try b.multiply(learningRate, multiplier)
        var decay: Value?
        if let weightDecay = optimizer.weightDecay,
            try weightDecay.applies(to: parameter.name)
        {
            decay = try b.multiply(rate, weightDecay.rate)
        }
        let names = optimizer.rule.slots.map { optimizer.slotName($0.name, of: parameter.name) }
        let slots = try names.map { try Self.slot($0, parameter.type, b) }
        let results = try b.scope(parameter.name) {
            try optimizer.rule.update(
                UpdateOperands(
                    parameter: parameter.value, gradient: parameter.gradient,
                    gradientScale: parameter.gradientScale, slots: slots, learningRate: rate,
                    decay: decay, shared: shared), in: b)
        }
        try output(parameter.name, results.parameter, otherwise: parameter.value)
        for (index, name) in names.enumerated() {
            try output(name, results.slots[index], otherwise: slots[index])
        }
    }

    /// Declares the next value of an input: `value` in an update, `other` in a step that only
    /// accumulates.
    private func output(_ name: String, _ value: Value, otherwise other: Value) throws {
        var next = value
        if let isUpdate {
            next = try builder.select(builder.repeated(isUpdate, like: value), value, other)
        }
        builder.output(AppendOptimizer.updateName(of: name), next, updates: name)
    }
}
