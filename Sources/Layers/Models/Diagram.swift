/// The graph of a model's layers as a picture: boxes from the inputs at the top to the outputs at
/// the bottom, joined by curves that pass between boxes.
public struct Diagram: Sendable {
    /// One application of a layer.
    package struct Box: Sendable {
        var title: String
        var subtitle: String
        var detail: String
        var style: Style
        /// Indices of the boxes it takes its inputs from.
        package var sources: [Int]

        package enum Style: String, Sendable {
            case input, layer, operation, output
        }

        /// In pixels, by the longest line of text.
        var width: Double {
            let lines = [Double(title.count) * 7.6, Double(subtitle.count) * 6.6]
            return max(120, (lines + [Double(detail.count) * 6.6]).reduce(0, max) + 24)
        }

        var height: Double { detail.isEmpty ? 44 : 60 }
    }

    let title: String
    let summary: Summary
    package let boxes: [Box]
}

extension Model {
    /// The model's layers as a picture, in SVG or as a page.
    ///
    /// - Throws: where the model's input is not known yet.
    public func diagram() throws -> Diagram {
        let architecture = try architecture
        let summary = try summary()
        var counts: [String: Int] = [:]
        for parameter in try parameters {
            counts[String(parameter.name.prefix { $0 != "/" }), default: 0] +=
                parameter.elementCount
        }
        var boxes = architecture.nodes.map { node in
            let count = counts[node.name] ?? 0
            return Diagram.Box(
                title: node.name, subtitle: "\(node.application.className)  \(node.shapeText)",
                detail: count > 0 ? "\(Summary.grouped(count)) parameters" : "",
                style: node.application.diagramStyle,
                sources: node.inputs.map(\.node).uniqued)
        }
        for output in architecture.outputs {
            boxes.append(
                Diagram.Box(
                    title: output.name, subtitle: "output", detail: "", style: .output,
                    sources: [output.reference.node]))
        }
        return Diagram(title: summary.modelName, summary: summary, boxes: boxes)
    }
}

extension Application {
    fileprivate var diagramStyle: Diagram.Box.Style {
        switch content {
        case .input, .host: .input
        case .operation: .operation
        case .layer: .layer
        }
    }
}

extension Array where Element: Hashable {
    /// Each element once, in order of first appearance.
    fileprivate var uniqued: [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
