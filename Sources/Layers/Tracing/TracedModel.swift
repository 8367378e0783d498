/// A model as a graph that is still open: the loss, the gradient and the optimizer may be
/// appended to `builder`.
public struct TracedModel {
    /// A value given anew at every step.
    public struct DataInput {
        public let name: String
        public let type: TensorType
        public let value: Value
    }

    public struct Output {
        public let name: String
        public let type: TensorType
        public let value: Value
        /// Which elements count, a bool value over the leading axes; nil where all do.
        public let mask: Value?
    }

    public struct Parameter {
        public let specification: ParameterSpecification
        public let value: Value
    }

    public let builder: GraphBuilder
    public let isTraining: Bool
    public let floatType: DType
    public let batch: Symbol
    public let inputs: [DataInput]
    public let outputs: [Output]
    /// In the order layers first asked for them.
    public let parameters: [Parameter]
    /// The part of the model that runs on the host, before the graph; empty without strings.
    public let hostPrefix: [HostStage]
    /// What Keras would warn of while a model is called: masks that end, and the like.
    public let diagnostics: [Diagnostic]
    let maskTrail: MaskTrail
    /// The seed of random ops, if there are any; an i64 scalar.
    public let seed: Value?
    /// The number of updates done so far, if something already asked for it; an i64 scalar.
    public private(set) var step: Value?

    init(
        tracer: Tracer, batch: Symbol, inputs: [DataInput], outputs: [Output],
        hostPrefix: [HostStage]
    ) {
        builder = tracer.builder
        isTraining = tracer.isTraining
        floatType = tracer.floatType
        parameters = tracer.parameters
        diagnostics = tracer.diagnostics
        maskTrail = tracer.maskTrail
        seed = tracer.seed
        step = tracer.step
        self.batch = batch
        self.inputs = inputs
        self.outputs = outputs
        self.hostPrefix = hostPrefix
    }

    /// The step input, made now where no random op needed one.
    public mutating func stepInput() throws -> Value {
        if let step { return step }
        let type = TensorType(.i64, .scalar)
        let input = try builder.append(.input(MartletIR.Input("step", role: .step, type: type)))
        step = input
        return input
    }

    /// Declares the model's outputs as outputs of the graph, under their names.
    public func declareOutputs() {
        for output in outputs { builder.output(output.name, output.value) }
    }
}
