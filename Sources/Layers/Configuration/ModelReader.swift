import MartletJSON

/// Builds a model from its JSON.
struct ModelReader {
    let registry: LayerRegistry

    func model(from json: JSONValue, name: String?) throws -> Model {
        let source = "model"
        let fields = JSONFields(json, source: name ?? source)
        let isSequential = fields.string("class_name") == "Sequential"
        try fields.finish()
        let body: Model.Body
        if let chain = fields.optionalArray("chain") {
            body = try Sequential.chain(chain.map(chainItem))
        } else {
            body = try GraphReader(reader: self, fields: fields).body()
        }
        let model =
            isSequential
            ? Sequential(name: name, body: body) : Model(name: name, body: body)
        for member in fields.value("trainable")?.objectValue?.members ?? [] {
            let isTrainable = member.value.boolValue ?? true
            model.updateTrainability { $0.set(isTrainable, for: member.key) }
        }
        return model
    }

    /// A layer, or a model nested in this one, with its name.
    func layer(from json: JSONValue) throws -> (name: String, layer: AnyObject & Sendable) {
        let fields = JSONFields(json, source: "layer")
        let (name, className) = (fields.string("name"), fields.string("class_name"))
        let config = fields.value("config") ?? .object(JSONObject())
        try fields.finish()
        if className == "Sequential" || className == "Functional" {
            return (name, try model(from: config, name: name))
        }
        var object = config.objectValue ?? JSONObject()
        object["name"] = .string(name)
        return (name, try registry.make(className, configuration: object))
    }

    private func chainItem(_ json: JSONValue) throws -> SequentialItem {
        let (name, layer) = try layer(from: json)
        if let model = layer as? Model { return .model(model) }
        guard let layer = layer as? any Layer<Tensor, Tensor> else {
            throw LayerError(path: name, "the layer does not map one tensor to one tensor")
        }
        return .layer(layer)
    }
}

/// Applies the nodes of a saved graph in their order.
private struct GraphReader {
    let reader: ModelReader
    let fields: JSONFields
    private var layers: [String: AnyObject & Sendable] = [:]
    private var strings: [String: StringInput] = [:]
    private var results: [[Tensor]] = []

    init(reader: ModelReader, fields: JSONFields) throws {
        self.reader = reader
        self.fields = fields
        for json in fields.array("layers") {
            let (name, layer) = try reader.layer(from: json)
            layers[name] = layer
        }
        for name in (fields.optionalArray("strings") ?? []).compactMap(\.stringValue) {
            strings[name] = StringInput(name: name)
        }
        for node in fields.list("nodes") { results.append(try apply(node)) }
    }

    func body() throws -> Model.Body {
        var inputs: [any ModelInput] = (fields.optionalArray("strings") ?? [])
            .compactMap { $0.stringValue.flatMap { strings[$0] } }
        for index in fields.array("inputs") {
            inputs.append(try tensor([index, .integer(0)]))
        }
        let outputs = try fields.array("outputs").map { output in
            let parts = output.arrayValue ?? []
            return (
                name: parts.first?.stringValue, tensor: try tensor(Array(parts.dropFirst()))
            )
        }
        try fields.finish()
        return try Model.graph(inputs: inputs, outputs: outputs)
    }

    private func tensor(_ reference: [JSONValue]) throws -> Tensor {
        guard reference.count >= 2, let node = reference[0].integerValue,
            let output = reference[1].integerValue, results.indices.contains(node),
            results[node].indices.contains(output)
        else {
            throw LayerError("\(JSONValue.array(reference)) refers to no earlier result")
        }
        let result = results[node][output]
        guard reference.count > 2 else { return result }
        guard let mask = result.mask else {
            throw LayerError("\(JSONValue.array(reference)) refers to a mask that is not there")
        }
        return mask
    }

    private func apply(_ node: JSONFields) throws -> [Tensor] {
        if let name = node.optionalString("input") { return [try input(name, node)] }
        if let name = node.optionalString("host") {
            let given = (node.optionalArray("strings") ?? []).compactMap(\.stringValue)
            guard let host = layers[name] as? any HostLayer else {
                throw LayerError(path: name, "is no layer of strings in this file")
            }
            return try host.named(given.compactMap { strings[$0] }).values
        }
        let inputs = try node.array("inputs").map { try tensor($0.arrayValue ?? []) }
        if let operation = node.value("operation") {
            return [try Tensor.apply(SavedCall.operation(from: operation), inputs)]
        }
        let name = node.string("layer")
        try node.finish()
        switch layers[name] {
        case let model as Model: return try model(inputs).values
        case let layer as any Configurable:
            let options = node.value("options") ?? .object(JSONObject())
            return try SavedCall.apply(
                layer, to: inputs, options: JSONFields(options, source: name))
        default: throw LayerError(path: name, "there is no such layer in this file")
        }
    }

    private func input(_ name: String, _ node: JSONFields) throws -> Tensor {
        let extents = try node.array("shape").map { extent in
            if let fixed = extent.integerValue { return Dimension(fixed) }
            guard let symbol = extent["symbol"]?.stringValue,
                let bound = extent["bound"]?.integerValue
            else { throw LayerError(path: name, "\(extent) is no extent") }
            return Dimension(Symbol(symbol, bound: bound))
        }
        guard let dtype = DType(rawValue: node.string("dtype")) else {
            throw LayerError(path: name, "the element type is not known")
        }
        try node.finish()
        return Input(shape: Shape(extents), dtype: dtype, name: name)
    }
}
