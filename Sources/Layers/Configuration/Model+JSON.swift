import MartletJSON

/// A model's architecture as JSON: layers with their configurations, and how they are connected.
/// Weights are saved beside it, under their paths.
///
///     {"class_name": "Functional", "name": "pair", "strings": [],
///      "layers": [{"name": "dense", "class_name": "Dense", "config": {…}}],
///      "nodes": [{"input": "x", "shape": [4], "dtype": "f32"},
///                {"layer": "dense", "inputs": [[0, 0]], "options": {}}],
///      "inputs": [0], "outputs": [["dense", 1, 0]]}
extension Model {
    /// - Throws: `LayerError` naming a layer that cannot be saved; own layers can once they
    ///   conform to `ConfigurableLayer`.
    public func json() throws -> JSONValue { try json(named: name) }

    private func json(named name: String?) throws -> JSONValue {
        var object = JSONObject([
            ("class_name", .string(className)), ("name", name.map { .string($0) } ?? .null),
        ])
        switch body {
        case .chain(let items, let names):
            object["chain"] = .array(
                try items.compactMap(\.object).map {
                    try Self.json(of: $0, named: names[ObjectIdentifier($0)])
                })
        case .graph(let architecture, _):
            for member in try architecture.json().members { object[member.key] = member.value }
        }
        object["trainable"] = .object(
            JSONObject(trainability.list.map { ($0.path, .bool($0.isTrainable)) }))
        return .object(object)
    }

    static func json(of layer: AnyObject, named name: String?) throws -> JSONValue {
        let name = name ?? LayerNames.snakeCase(LayerNames.className(of: layer))
        let (className, config): (String, JSONValue)
        if let model = layer as? Model {
            (className, config) = (model.className, try model.json(named: name))
        } else if let layer = layer as? any Configurable {
            (className, config) = (type(of: layer).className, .object(layer.configuration))
        } else {
            throw LayerError(
                path: name,
                "\(LayerNames.className(of: layer)) cannot be saved as JSON; "
                    + "make it conform to ConfigurableLayer")
        }
        return ["name": .string(name), "class_name": .string(className), "config": config]
    }

    /// The model that `json()` describes.
    ///
    /// - Parameter registry: the classes of its layers; own layers must be registered.
    /// - Throws: `LayerError` or `JSONProblems` where something is missing or does not fit.
    public static func make(
        from json: JSONValue, registry: LayerRegistry = .standard
    ) throws -> Model {
        try ModelReader(registry: registry).model(from: json, name: json["name"]?.stringValue)
    }
}

extension Architecture {
    fileprivate func json() throws -> JSONObject {
        var layers: [JSONValue] = []
        var known: Set<String> = []
        for node in nodes {
            let object: AnyObject
            switch node.application.content {
            case .input, .operation: continue
            case .host(let layer, _): object = layer
            case .layer(let layer, _, _): object = layer
            }
            guard known.insert(node.name).inserted else { continue }
            layers.append(try Model.json(of: object, named: node.name))
        }
        return JSONObject([
            ("strings", .array(strings.map { .string($0.name) })), ("layers", .array(layers)),
            ("nodes", .array(try nodes.map(json))), ("inputs", .integers(inputs)),
            (
                "outputs",
                .array(outputs.map { .array([.string($0.name)] + json($0.reference)) })
            ),
        ])
    }

    private func json(_ node: Node) throws -> JSONValue {
        let inputs: JSONValue = .array(node.inputs.map { .array(json($0)) })
        switch node.application.content {
        case .input:
            let type = node.application.outputs[0]
            let extents: [JSONValue] = try type.shape.dimensions.dropFirst().map { extent in
                if let fixed = extent.fixed { return .integer(fixed) }
                guard let symbol = extent.symbols.first, Dimension(symbol) == extent else {
                    throw LayerError(
                        path: node.name, "the extent \(extent) of an input cannot be saved")
                }
                return ["symbol": .string(symbol.name), "bound": .integer(symbol.bound)]
            }
            return [
                "input": .string(node.name), "shape": .array(extents),
                "dtype": .string(type.dtype.rawValue),
            ]
        case .host(_, let given):
            let names = given.compactMap { string in
                strings.first { $0.input.identity === string.identity }?.name
            }
            return ["host": .string(node.name), "strings": .array(names.map { .string($0) })]
        case .operation(let operation):
            return ["operation": try SavedCall.json(of: operation), "inputs": inputs]
        case .layer(_, _, let options):
            return [
                "layer": .string(node.name), "inputs": inputs,
                "options": .object(options ?? JSONObject()),
            ]
        }
    }

    /// The node and which of its outputs; a third element for the mask.
    private func json(_ reference: Reference) -> [JSONValue] {
        let place: [JSONValue] = [.integer(reference.node), .integer(reference.output)]
        return reference.isMask ? place + ["mask"] : place
    }
}
