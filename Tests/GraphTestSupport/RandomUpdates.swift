import MartletIR
import MartletPasses

/// Appends an optimizer's update of every parameter, of a random kind: parameters and slots are
/// written in place, over what the step has read.
package struct RandomUpdates: Pass {
    private let seed: UInt64

    package init(seed: UInt64) { self.seed = seed }

    package var name: String { "random-updates" }

    package func run(_ graph: Graph) throws -> Graph {
        let builder = try GraphBuilder(extending: graph)
        var choice = SeededChoice(seed: seed, stream: 1)
        for node in graph.inputs {
            guard let input = graph.input(at: node), input.role == .parameter,
                let gradient = graph.outputs.first(where: {
                    $0.name == Differentiate.gradientName(of: input.inputName)
                })
            else { continue }
            try append(input, Value(node: node), gradient.value, &choice, to: builder)
        }
        return try builder.build()
    }

    private func append(
        _ input: Input, _ weight: Value, _ gradient: Value, _ choice: inout SeededChoice,
        to b: GraphBuilder
    ) throws {
        func slot(_ name: String) throws -> Value {
            try b.append(
                .input(Input("\(input.inputName)/\(name)", role: .slot, type: input.type)))
        }
        let (rate, decay) = try (b.constant(0.1), b.constant(0.01))
        let hasDecay = choice.oneIn(2)
        var (slots, results) = ([String](), [Value]())
        switch choice.below(3) {
        case 0:
            let update = SGDUpdate(hasDecay: hasDecay)
            results = try b.append(
                .sgdUpdate(update), [weight, gradient, rate] + (hasDecay ? [decay] : []))
        case 1:
            let update = SGDUpdate(
                momentum: 0.9, isNesterov: choice.oneIn(2), hasDecay: hasDecay)
            slots = ["velocity"]
            results = try b.append(
                .sgdUpdate(update),
                [weight, gradient, rate, slot("velocity")] + (hasDecay ? [decay] : []))
        default:
            slots = ["first_moment", "second_moment"]
            let state = try slots.map { try slot($0) } + [rate, b.constant(0.01)]
            // Clipped in its way: the square of a large gradient would not fit f32.
            let g = try b.unary(.tanh, gradient)
            let update = AdamUpdate(
                beta1: 0.9, beta2: 0.99, hasDecay: hasDecay, hasScale: choice.oneIn(3),
                hasSquares: choice.oneIn(3))
            let squares = try update.hasSquares ? b.unary(.abs, g) : nil
            let scale = try update.hasScale ? b.constant(0.7) : nil
            results = try b.append(
                .adamUpdate(update),
                [weight, g] + state + [squares, scale, hasDecay ? decay : nil].compactMap { $0 })
        }
        let targets = [input.inputName] + slots.map { "\(input.inputName)/\($0)" }
        for (target, value) in zip(targets, results) {
            b.output("updated " + target, value, updates: target)
        }
    }

    /// Values for the slots the updates of a graph declare: positive, as a second moment is.
    package static func slotInputs(of graph: Graph, seed: UInt64) -> [String: ReferenceTensor] {
        var choice = SeededChoice(seed: seed, stream: 2)
        var inputs: [String: ReferenceTensor] = [:]
        for node in graph.inputs {
            guard let input = graph.input(at: node), input.role == .slot else { continue }
            let extents = input.type.shape.fixed ?? []
            let elements = (0..<extents.reduce(1, *)).map { _ in
                Double(Float(choice.number(in: 0...0.5)))
            }
            inputs[input.inputName] = ReferenceTensor(.f32, shape: extents, elements: elements)
        }
        return inputs
    }
}

extension GraphBuilder {
    /// A builder that holds a graph's nodes and outputs already, at the same numbers.
    convenience init(extending graph: Graph) throws {
        self.init(name: graph.name)
        for node in graph.nodes { try append(node.op, node.operands, path: node.path) }
        for output in graph.outputs {
            self.output(output.name, output.value, updates: output.updates)
        }
    }
}
