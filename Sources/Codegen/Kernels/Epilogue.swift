/// What happens to an element of a matrix product before it is stored, in order.
///
/// Steps that read or write a tensor add a buffer argument each, in order, after the product's own.
package enum EpilogueStep: Hashable, Sendable {
    case scale(Double)
    /// `+ bias[column]`
    case bias
    /// Stores the value so far to a tensor laid out like the output (for a backward pass).
    case save
    case activation(Activation)
    /// `+ residual[row, column]`, laid out like the output.
    case residual
    /// `· f'(saved[row, column])`, laid out like the output: `saved` is the activation's argument or
    /// result, whichever `Activation.derivativeNeedsArgument` says.
    case activationGradient(Activation)

    /// Too many instructions to be written out for every register of a tile.
    fileprivate var isLong: Bool {
        switch self {
        case .activation(let activation), .activationGradient(let activation):
            activation != .linear && activation != .relu
        case .scale, .bias, .save, .residual: false
        }
    }
}

/// Emits the steps of one kernel's epilogue.
struct Epilogue {
    private let steps: [(step: EpilogueStep, buffer: Pointer?)]

    init(_ steps: [EpilogueStep], builder: LoopBuilder) {
        self.steps = steps.map { step in
            switch step {
            case .bias: (step, builder.input("bias"))
            case .save: (step, builder.output("saved"))
            case .residual: (step, builder.input("residual"))
            case .activationGradient: (step, builder.input("saved"))
            case .scale, .activation: (step, nil)
            }
        }
    }

    var isLong: Bool { steps.contains { $0.step.isLong } }

    /// - Parameters:
    ///   - column: the first column of the vector.
    ///   - place: the offset of the vector in a tensor laid out like the output.
    func apply(_ value: Value, column: Value, place: Value, mask: Value?) -> Value {
        var value = value
        let lanes = value.type.lanes
        for (step, buffer) in steps {
            func load(_ index: Value) -> Value {
                guard let buffer else { return value }
                return (buffer + index).load(lanes: lanes, mask: mask)
            }
            switch step {
            case .scale(let factor): value = value * factor
            case .bias: value = value + load(column)
            case .save: buffer.map { ($0 + place).store(value, mask: mask) }
            case .activation(let activation): value = activation.apply(value)
            case .residual: value = value + load(place)
            case .activationGradient(let activation):
                value = value * activation.derivative(load(place))
            }
        }
        return value
    }
}
