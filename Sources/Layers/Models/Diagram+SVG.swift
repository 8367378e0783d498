extension Diagram {
    /// The picture as an SVG document. Its colours follow a light or dark background.
    public var svg: String {
        let layout = DiagramLayout(boxes)
        let size = "width=\"\(number(layout.width))\" height=\"\(number(layout.height))\""
        let view = "viewBox=\"0 0 \(number(layout.width)) \(number(layout.height))\""
        var lines = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" \(size) \(view) role=\"img\">",
            "<title>\(escaped(title))</title>", "<style>\(Self.style)</style>",
            "<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" "
                + "markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\">"
                + "<path class=\"head\" d=\"M0 0 8 4 0 8Z\"/></marker></defs>",
        ]
        lines += layout.edges.map { path($0, layout) }
        for item in layout.items {
            guard let index = item.box else { continue }
            lines += draw(boxes[index], item, layout)
        }
        lines.append("</svg>")
        return lines.joined(separator: "\n") + "\n"
    }

    /// The picture and the summary's table as one HTML page without outside parts.
    public var html: String {
        let rows = summary.rows.map { row in
            let cells = [
                row.name, row.className, row.outputShape, Summary.grouped(row.parameterCount),
                row.connections.joined(separator: ", "),
            ]
            return "<tr>" + cells.map { "<td>\(escaped($0))</td>" }.joined() + "</tr>"
        }
        let heads = ["Layer", "Type", "Output shape", "Parameters", "Connected to"]
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(escaped(title))</title>
            <style>\(Self.pageStyle)</style>
            </head>
            <body>
            <h1>\(escaped(title))</h1>
            <p>\(Summary.grouped(summary.totalCount)) parameters, \
            \(Summary.grouped(summary.trainableCount)) of them trainable</p>
            <div class="picture">
            \(svg)</div>
            <table>
            <thead><tr>\(heads.map { "<th>\($0)</th>" }.joined())</tr></thead>
            <tbody>
            \(rows.joined(separator: "\n"))
            </tbody>
            </table>
            </body>
            </html>

            """
    }

    private func draw(
        _ box: Box, _ item: DiagramLayout.Item, _ layout: DiagramLayout
    ) -> [String] {
        let top = layout.tops[item.rank] + (layout.heights[item.rank] - box.height) / 2
        let frame =
            "x=\"\(number(item.x - box.width / 2))\" y=\"\(number(top))\" "
            + "width=\"\(number(box.width))\" height=\"\(number(box.height))\""
        var lines = ["<g class=\"\(box.style.rawValue)\"><rect \(frame) rx=\"8\"/>"]
        for (index, text) in [box.title, box.subtitle, box.detail].enumerated()
        where !text.isEmpty {
            let y = top + 18 + Double(index) * 16
            let name = index == 0 ? "name" : "note"
            lines.append(
                "<text class=\"\(name)\" x=\"\(number(item.x))\" y=\"\(number(y))\">"
                    + "\(escaped(text))</text>")
        }
        lines.append("</g>")
        return lines
    }

    /// A curve from the bottom of a box, straight through its bends, to the top of another.
    private func path(_ edge: [Int], _ layout: DiagramLayout) -> String {
        let last = edge.count - 1
        var data = ""
        var (x, y) = (0.0, 0.0)
        for (place, index) in edge.enumerated() {
            let item = layout.items[index]
            let boxHeight = item.box.map { boxes[$0].height } ?? layout.heights[item.rank]
            let top = layout.tops[item.rank] + (layout.heights[item.rank] - boxHeight) / 2
            if place > 0 {
                let middle = (y + top) / 2
                let points = [(x, middle), (item.x, middle), (item.x, top)]
                data +=
                    " C"
                    + points.map { "\(number($0.0)) \(number($0.1))" }
                    .joined(separator: " ")
            } else {
                data += "M\(number(item.x)) \(number(top + boxHeight))"
            }
            if place > 0, place < last {
                data += " L\(number(item.x)) \(number(top + boxHeight))"
            }
            (x, y) = (item.x, top + boxHeight)
        }
        return "<path class=\"edge\" marker-end=\"url(#arrow)\" d=\"\(data)\"/>"
    }

    /// Tenths of a pixel, without a trailing `.0`.
    private func number(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return tenths.isMultiple(of: 10) ? "\(tenths / 10)" : "\(Double(tenths) / 10)"
    }

    private func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            default: result.append(character)
            }
        }
        return result
    }

    private static let style = """
        text{font-family:system-ui,sans-serif;text-anchor:middle;fill:#1b1f24}
        .name{font-size:13px;font-weight:600}.note{font-size:11.5px;fill:#4d5561}
        rect{fill:#eef2f8;stroke:#7d8ba1}.input rect{fill:#e3f3e6;stroke:#5d9a6a}
        .operation rect{fill:#f6f6f4;stroke:#9c9c94}.output rect{fill:#fdf0dd;stroke:#c48a3a}
        .edge{fill:none;stroke:#7d8ba1;stroke-width:1.4}.head{fill:#7d8ba1}
        @media(prefers-color-scheme:dark){text{fill:#e8ebf0}.note{fill:#aab3c0}
        rect{fill:#232a35;stroke:#66748a}.input rect{fill:#1d3324;stroke:#5d9a6a}
        .operation rect{fill:#2a2a28;stroke:#77776f}.output rect{fill:#3a2d17;stroke:#c48a3a}}
        """

    private static let pageStyle = """
        body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;
        color-scheme:light dark}.picture{overflow-x:auto;text-align:center}
        .picture svg{max-width:none}table{border-collapse:collapse;width:100%;margin-top:2rem}
        th,td{text-align:left;padding:.35rem .8rem;border-bottom:1px solid #8884}
        td:nth-child(4),th:nth-child(4){text-align:right;font-variant-numeric:tabular-nums}
        """
}
