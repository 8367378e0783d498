import Foundation
import MartletLayers
import Testing

struct DiagramTests {
    private func encoder() throws -> Model {
        let x = Input(shape: [8, 16], name: "steps")
        let other = Input(shape: [16], name: "a & b")
        let attended = try MultiHeadAttention(heads: 2, keyDimension: 8)(x, x)
        let first = try LayerNormalization()(x + attended)
        let inner = try Dense(32, activation: .relu)(first)
        let second = try LayerNormalization()(first + Dense(16)(inner))
        let pooled = try GlobalAveragePooling1D()(second)
        return try Model(
            "encoder", inputs: [x, other],
            outputs: ["pooled": try Concatenate()(pooled, other), "sequence": second])
    }

    @Test func everyLayerAndConnectionIsDrawn() throws {
        let model = try encoder()
        let svg = try model.diagram().svg
        // 2 inputs, 8 layers and 2 additions, 2 outputs.
        #expect(svg.components(separatedBy: "<rect").count - 1 == 13)
        #expect(svg.components(separatedBy: "class=\"edge\"").count - 1 == 14)
        for name in ["multi_head_attention", "layer_normalization_1", "a &amp; b", "pooled"] {
            #expect(svg.contains(">\(name)</text>"), "\(name)")
        }
        #expect(!svg.contains("nan") && !svg.contains("a & b"))
    }

    @Test func boxesDoNotOverlap() throws {
        let diagram = try encoder().diagram()
        let layout = DiagramLayout(diagram.boxes)
        for (index, item) in layout.items.enumerated() {
            #expect(item.x - item.width / 2 >= 0 && item.x + item.width / 2 <= layout.width)
            for other in layout.items[..<index] where other.rank == item.rank {
                #expect(abs(item.x - other.x) >= (item.width + other.width) / 2)
            }
        }
        for edge in layout.edges {
            for (upper, lower) in zip(edge, edge.dropFirst()) {
                #expect(layout.items[lower].rank == layout.items[upper].rank + 1)
            }
        }
        #expect(layout.edges.count == diagram.boxes.map(\.sources.count).reduce(0, +))
    }

    @Test func thePageHoldsPictureAndTable() throws {
        let html = try encoder().diagram().html
        #expect(html.hasPrefix("<!DOCTYPE html>"))
        #expect(html.contains("<svg") && html.contains("<td>multi_head_attention</td>"))
        #expect(!html.contains("http://") || html.components(separatedBy: "http").count == 2)
    }
}
