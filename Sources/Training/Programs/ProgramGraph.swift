import MartletIR
import MartletLayers
import MartletPasses

/// What a program is for.
enum ProgramMode: String, Hashable, Sendable {
    case training, evaluation, prediction
}

/// What distinguishes the programs of one model; each is compiled once for a batch bound.
struct ProgramKey: Hashable, Sendable {
    var mode: ProgramMode
    /// The axes of a sample weight after the batch axis; nil without sample weights.
    var sampleWeightShape: [Int]?
    /// Whether the program runs on packed tokens: for batches with padding.
    var packsPadding = false

    /// The key of a mode's program for padded batches like this one.
    init(mode: ProgramMode, _ batch: PreparedBatch? = nil) {
        self.mode = mode
        if let weight = batch?.sampleWeight, mode != .prediction {
            // A shape's first axis is the batch; most weights have no other.
            sampleWeightShape = weight.shape.count == 1 ? [] : Array(weight.shape.dropFirst())
        }
    }

    /// The same program on packed tokens.
    var packed: ProgramKey {
        var key = self
        key.packsPadding = true
        return key
    }
}

/// The graph of one program, and what in it is given and taken.
struct ProgramGraph {
    /// Names of inputs that no layer has: layer names have no slash.
    static let labels = "training/labels"
    static let sampleWeight = "training/sample_weight"
    static let loss = "loss"

    static func sum(_ index: Int, of metric: String) -> String { "sum/\(metric)/\(index)" }

    let batchBound: Int
    let graph: Graph
    let inputs: [TracedModel.DataInput]
    /// The number of the input that the batch is packed by; nil where it is not.
    let paddingInput: Int?
    let hostPrefix: [HostStage]
    let outputs: [(name: String, type: TensorType)]
    let labels: TensorType?
    let sampleWeight: TensorType?
    let metrics: [(name: String, metric: EmittedMetric)]
    let diagnostics: [Diagnostic]

    /// Traces the model and appends loss, metrics, gradient and optimizer as the mode asks.
    init(
        _ model: Model, _ key: ProgramKey, batchBound: Int, compilation: Compilation?,
        options: TrainingOptions
    ) throws {
        self.batchBound = batchBound
        let isTraining = key.mode == .training
        let traced = try model.trace(training: isTraining, batchBound: batchBound)
        let builder = traced.builder
        var (labels, weight): (TensorType?, TensorType?)
        var metrics: [(name: String, metric: EmittedMetric)] = []
        var diagnostics = traced.diagnostics
        if key.mode == .prediction {
            traced.declareOutputs()
        } else {
            let compilation = try compilation ?? Self.missingCompilation()
            let output = try Self.singleOutput(of: traced)
            let labelType = compilation.loss.labelType(for: output.type)
            let given = try builder.append(
                .input(Input(Self.labels, role: .data, type: labelType)))
            labels = labelType
            var sampleWeight: Value?
            if let extents = key.sampleWeightShape {
                let type = TensorType(
                    .f32, Shape([Dimension(traced.batch)] + extents.map { Dimension($0) }))
                weight = type
                sampleWeight = try builder.append(
                    .input(Input(Self.sampleWeight, role: .data, type: type)))
            }
            let loss = try compilation.loss.emit(
                labels: given, output: output.value, mask: output.mask,
                sampleWeight: sampleWeight, in: builder)
            diagnostics += loss.diagnostics
            diagnostics += traced.trainingDiagnostics(loss: loss.value)
            builder.output(Self.loss, loss.value)
            for (name, metric, isWeighted) in compilation.namedMetrics {
                let emitted = try metric.emit(
                    labels: given, output: output.value, mask: output.mask,
                    sampleWeight: isWeighted ? sampleWeight : nil, in: builder)
                for (index, sum) in emitted.sums.enumerated() {
                    builder.output(Self.sum(index, of: name), try builder.convert(sum, to: .f32))
                }
                metrics.append((name, emitted))
            }
        }
        var pipeline = PassPipeline.inference(
            policy: options.precision, packsPadding: key.packsPadding)
        if isTraining, let compilation {
            pipeline = .training(
                loss: Self.loss, optimizer: AppendOptimizer(compilation.optimizer),
                policy: options.precision, packsPadding: key.packsPadding)
        }
        pipeline.disabled = options.disabledPasses
        pipeline.verifies = options.verifiesPasses
        graph = try pipeline.run(builder.build())
        inputs = traced.inputs
        paddingInput = graph.packingInputName.flatMap { name in
            traced.inputs.firstIndex { $0.name == name }
        }
        hostPrefix = traced.hostPrefix
        outputs = traced.outputs.map { ($0.name, $0.type) }
        self.labels = labels
        sampleWeight = weight
        self.metrics = metrics
        self.diagnostics = diagnostics
    }

    private static func missingCompilation() throws -> Compilation {
        throw TrainingError(
            "model", "it has no loss yet; call compile(optimizer:loss:metrics:) first")
    }

    private static func singleOutput(of traced: TracedModel) throws -> TracedModel.Output {
        guard traced.outputs.count == 1 else {
            throw TrainingError(
                "model",
                "a loss is compared with one output, but the model has \(traced.outputs.count) ("
                    + traced.outputs.map(\.name).joined(separator: ", ")
                    + "); make a model of the output to be trained")
        }
        return traced.outputs[0]
    }
}

extension Graph {
    /// The input that tells what is padding; nil where nothing is packed.
    fileprivate var packingInputName: String? {
        for node in nodes {
            if case .packIndices = node.op { return input(at: node.operands[0].node)?.inputName }
        }
        return nil
    }
}
