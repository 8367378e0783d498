import MartletIR
import MartletLayers

/// What a model takes, and what its loss compares with: everything data is checked against before
/// it reaches a program.
struct InputSignature: Sendable {
    /// An input that takes numbers.
    struct TensorInput: Sendable {
        var name: String
        var type: TensorType
        /// The rows of the smallest table that the elements index; nil where they index none.
        var indexBound: Int?
    }

    var tensors: [TensorInput]
    /// The names of the inputs that take strings.
    var strings: [String]
    var stages: [HostStage]
    /// The graph's data inputs, those that host layers fill among them.
    var graphInputs: [String]
    /// Whether an output is as long as the sequences: rows are then filled up to the longest that
    /// may be, so that all batches give outputs of one shape.
    var hasOutputOfSequenceLength: Bool
    /// What labels a loss wants; nil without one.
    var labels: Labels?

    struct Labels: Sendable {
        var type: TensorType
        /// The label's classes are numbered below it; nil where labels are no class numbers.
        var classCount: Int?
        /// A label outside the classes that is allowed.
        var ignoredClass: Int?
        var lossName: String
        /// The layer that makes the output.
        var layerPath: String
    }

    init(_ model: Model, loss: Loss?) throws {
        let traced = try model.trace(training: false, batchBound: 1)
        let bounds = Self.indexBounds(in: traced.builder)
        let made = Set(traced.hostPrefix.flatMap(\.inputs))
        tensors = traced.inputs.filter { !made.contains($0.name) }.map {
            TensorInput(name: $0.name, type: $0.type, indexBound: bounds[$0.value])
        }
        strings = try model.stringInputNames
        stages = traced.hostPrefix
        graphInputs = traced.inputs.map(\.name)
        hasOutputOfSequenceLength = traced.outputs.contains {
            $0.type.shape.dimensions.dropFirst().contains { $0.fixed == nil }
        }
        if let loss, traced.outputs.count == 1 {
            let output = traced.outputs[0].type
            let isClass = loss.function.labelKind == .classIndices
            labels = Labels(
                type: loss.labelType(for: output),
                classCount: isClass ? output.shape.dimensions.last?.fixed : nil,
                ignoredClass: loss.function.ignoredClass, lossName: loss.name,
                layerPath: traced.builder.nodes[traced.outputs[0].value.node].path)
        }
    }

    /// The inputs that index a table directly, with the table's number of rows.
    private static func indexBounds(in builder: GraphBuilder) -> [Value: Int] {
        var bounds: [Value: Int] = [:]
        for node in builder.nodes {
            switch node.op {
            case .embedding, .gather:
                guard node.operands.count == 2,
                    let rows = builder.type(of: node.operands[0]).shape.dimensions.first?.fixed
                else { continue }
                let indices = node.operands[1]
                bounds[indices] = min(bounds[indices] ?? rows, rows)
            default: continue
            }
        }
        return bounds
    }

    /// Names of all inputs, in the order unnamed arrays are taken for them.
    var names: [String] { tensors.map(\.name) + strings }
}
