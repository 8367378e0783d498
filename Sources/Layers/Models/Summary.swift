/// A model as a table: its layers with their output shapes, weights and connections.
///
/// `description` is Keras's plain table.
public struct Summary: Hashable, Sendable {
    public struct Row: Hashable, Sendable {
        public var name: String
        public var className: String
        /// As Keras prints it: `(None, 256, 32)`.
        public var outputShape: String
        public var parameterCount: Int
        /// Where the inputs come from: `dropout[0][0]` is the first output of the first
        /// application of `dropout`.
        public var connections: [String]
    }

    public var modelName: String
    /// Whether the layers stand in a row, so that connections need no column.
    public var isSequential: Bool
    public var rows: [Row]
    public var trainableCount: Int
    public var nonTrainableCount: Int

    public var totalCount: Int { trainableCount + nonTrainableCount }
}

extension Model {
    /// The model as a table; print it to see Keras's summary.
    ///
    /// - Throws: where the model's input is not known yet.
    public func summary() throws -> Summary {
        let architecture = try architecture
        let parameters = try parameters
        var counts: [String: Int] = [:]
        for parameter in parameters {
            let layer = String(parameter.name.prefix { $0 != "/" })
            counts[layer, default: 0] += parameter.elementCount
        }
        let isSequential = self is Sequential
        let rows = architecture.layerGroups
            .filter { !(isSequential && architecture.nodes[$0[0]].isInput) }
            .map { architecture.row(of: $0, counts: counts) }
        let trainable = parameters.filter(\.isTrainable).map(\.elementCount).reduce(0, +)
        let total = parameters.map(\.elementCount).reduce(0, +)
        return Summary(
            modelName: name ?? LayerNames.snakeCase(isSequential ? "Sequential" : "Model"),
            isSequential: isSequential, rows: rows, trainableCount: trainable,
            nonTrainableCount: total - trainable)
    }
}

extension Architecture {
    /// The nodes of each layer, layers in Keras's order: those farthest from the outputs first.
    var layerGroups: [[Int]] {
        var places: [String: Int] = [:]
        var groups: [[Int]] = []
        for (index, node) in nodes.enumerated() {
            if let place = places[node.name] {
                groups[place].append(index)
            } else {
                places[node.name] = groups.count
                groups.append([index])
            }
        }
        func depth(_ group: [Int]) -> Int { group.map { nodes[$0].depth }.max() ?? 0 }
        return groups.enumerated()
            .sorted { (-depth($0.element), $0.offset) < (-depth($1.element), $1.offset) }
            .map(\.element)
    }

    fileprivate func row(of group: [Int], counts: [String: Int]) -> Summary.Row {
        let node = nodes[group[0]]
        let shapes = group.map { nodes[$0].shapeText }
        return Summary.Row(
            name: node.name, className: node.application.className,
            outputShape: Set(shapes).count == 1 ? shapes[0] : "multiple",
            parameterCount: counts[node.name] ?? 0,
            connections: group.flatMap { nodes[$0].inputs.map(connection) })
    }

    /// `name[application][output]`
    func connection(_ reference: Reference) -> String {
        let name = nodes[reference.node].name
        let earlier = nodes[..<reference.node].count { $0.name == name }
        return "\(name)[\(earlier)][\(reference.output)]" + (reference.isMask ? ".mask" : "")
    }
}

extension Architecture.Node {
    var isInput: Bool {
        if case .input = application.content { true } else { false }
    }

    /// `(None, 256, 32)`; several outputs, and inputs as in Keras, stand in brackets.
    var shapeText: String {
        let shapes = application.outputs.map { type in
            let extents = type.shape.dimensions.map { $0.fixed.map(String.init) ?? "None" }
            return "(" + extents.joined(separator: ", ") + (extents.count == 1 ? ",)" : ")")
        }
        return shapes.count == 1 && !isInput ? shapes[0] : "[\(shapes.joined(separator: ", "))]"
    }
}

extension Summary: CustomStringConvertible {
    /// Keras's table: 65 columns for layers in a row, 98 with connections.
    public var description: String {
        let width = isSequential ? 65 : 98
        let shares = isSequential ? [0.45, 0.85, 1] : [0.33, 0.55, 0.67, 1]
        let columns = shares.map { Int(Double(width) * $0) }
        let rule = String(repeating: "_", count: width)
        let doubleRule = String(repeating: "=", count: width)
        let titles = ["Layer (type)", "Output Shape", "Param #"]
        var lines = ["Model: \"\(modelName)\"", rule]
        lines.append(
            Self.line(isSequential ? titles : titles + ["Connected to"], columns))
        lines.append(doubleRule)
        for (index, row) in rows.enumerated() {
            let fields = [
                "\(row.name) (\(row.className))", row.outputShape, "\(row.parameterCount)",
            ]
            if isSequential {
                lines.append(Self.line(fields, columns))
            } else {
                lines.append(Self.line(fields + [row.connections.first ?? ""], columns))
                for connection in row.connections.dropFirst() {
                    lines.append(Self.line(["", "", "", connection], columns))
                }
            }
            lines.append(index == rows.count - 1 ? doubleRule : rule)
        }
        lines.append("Total params: \(Self.grouped(totalCount))")
        lines.append("Trainable params: \(Self.grouped(trainableCount))")
        lines.append("Non-trainable params: \(Self.grouped(nonTrainableCount))")
        lines.append(rule)
        return lines.joined(separator: "\n")
    }

    /// Fields cut to their columns, each but the last followed by a space.
    private static func line(_ fields: [String], _ columns: [Int]) -> String {
        var line = ""
        for (index, (field, column)) in zip(fields, columns).enumerated() {
            if index > 0 { line = line.dropLast() + " " }
            line = String((line + field).prefix(column))
            line += String(repeating: " ", count: column - line.count)
        }
        return line
    }

    /// Thousands apart: `1,234,567`.
    static func grouped(_ number: Int) -> String {
        let digits = Array(String(number))
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3) { text += "," }
            text.append(digit)
        }
        return text
    }
}
