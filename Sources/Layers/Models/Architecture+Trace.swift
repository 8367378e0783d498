extension Architecture {
    /// Runs every node in a trace, `bind` giving the tensors of inputs and host layers.
    func run(
        in tracer: Tracer, bind: (Node) throws -> [Tensor]
    ) throws -> [(name: String, tensor: Tensor)] {
        var results: [[Tensor]] = []
        results.reserveCapacity(nodes.count)
        func tensor(_ reference: Reference) throws -> Tensor {
            let result = results[reference.node][reference.output]
            guard reference.isMask else { return result }
            guard let mask = result.mask else {
                throw LayerError(
                    path: tracer.path,
                    "the mask of \(nodes[reference.node].name) is used but there is none here")
            }
            return mask
        }
        for node in nodes {
            let inputs = try node.inputs.map(tensor)
            switch node.application.content {
            case .input, .host: results.append(try bind(node))
            case .operation(let operation):
                results.append([
                    try tracer.builder.scope(node.name) {
                        try operation.emit(inputs, in: tracer)
                    }
                ])
            case .layer(_, let call, _): results.append(try call(tracer, inputs))
            }
        }
        return try outputs.map { ($0.name, try tensor($0.reference)) }
    }

    /// The whole model as an open graph.
    func trace(
        into builder: GraphBuilder, isTraining: Bool, batch: Symbol, floatType: DType,
        trainability: Trainability
    ) throws -> TracedModel {
        let tracer = Tracer(
            builder: builder, isTraining: isTraining, floatType: floatType,
            trainability: trainability, names: sublayerNames)
        var inputs: [TracedModel.DataInput] = []
        var stages: [HostStage] = []
        func dataInput(_ name: String, _ declared: TensorType) throws -> Tensor {
            guard name != "seed", name != "step" else {
                throw LayerError("an input may not be named \"\(name)\": the graph uses that name")
            }
            var type = declared.with(dtype: tracer.resolve(declared.dtype))
            type.shape.dimensions[0] = Dimension(batch)
            let tensor = try tracer.input(name, role: .data, type)
            inputs.append(
                TracedModel.DataInput(name: name, type: type, value: try tracer.value(tensor)))
            return tensor
        }
        let results = try run(in: tracer) { node in
            try builder.scope(node.name) {
                guard case .host(let layer, let given) = node.application.content else {
                    return [try dataInput(node.name, node.application.outputs[0])]
                }
                let outputs = try layer.outputs()
                let names = outputs.map {
                    outputs.count == 1 ? node.name : "\(node.name)/\($0.name)"
                }
                stages.append(
                    HostStage(
                        name: node.name, layer: layer, strings: given.compactMap(name(of:)),
                        inputs: names, outputs: outputs))
                return try zip(names, node.application.outputs).map { try dataInput($0, $1) }
            }
        }
        let outputs = try results.map { result in
            TracedModel.Output(
                name: result.name, type: result.tensor.type,
                value: try tracer.value(result.tensor),
                mask: try result.tensor.mask.map { try tracer.value($0) })
        }
        return TracedModel(
            tracer: tracer, batch: batch, inputs: inputs, outputs: outputs, hostPrefix: stages)
    }

    private func name(of input: StringInput) -> String? {
        strings.first { $0.input.identity === input.identity }?.name
    }
}
