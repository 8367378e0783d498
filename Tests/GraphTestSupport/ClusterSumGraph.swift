import MartletIR

/// The sum of all elements that a cluster makes of one tensor: of its squares, or of products that
/// also read something repeated along an axis.
package struct ClusterSumGraph: Sendable {
    package enum Repeated: Sendable, CaseIterable { case nothing, row, column }

    package var rows: Int
    /// Nil for a tensor of rank 1.
    package var columns: Int?
    package var repeated = Repeated.nothing
    /// Else the rows are the batch, of more than they at most.
    package var hasFixedRows = false

    /// No elements, one, whole and broken vectors, blocks and parts.
    package static let all: [ClusterSumGraph] = {
        var all: [ClusterSumGraph] = []
        for rows in [0, 1, 7, 512, 513, 16_384, 40_009] {
            for hasFixedRows in [false, true] {
                all.append(ClusterSumGraph(rows: rows, hasFixedRows: hasFixedRows))
                for repeated in Repeated.allCases {
                    all.append(
                        ClusterSumGraph(
                            rows: rows, columns: 3, repeated: repeated,
                            hasFixedRows: hasFixedRows))
                }
            }
        }
        for (rows, columns) in [(1, 1), (1, 40_009), (40_009, 1), (5, 20_011), (37, 513)] {
            for repeated in [Repeated.row, .column] {
                all.append(ClusterSumGraph(rows: rows, columns: columns, repeated: repeated))
            }
        }
        return all
    }()

    /// What the plan's one step is called.
    package var stepLabel: String {
        repeated == .nothing ? "sum(multiply)" : "sum(add, multiply)"
    }

    /// More than the batch has.
    package var bound: Int { rows + 3 }

    package var extents: [String: Int] { hasFixedRows ? [:] : ["batch": rows] }

    package func graph() throws -> Graph {
        let b = GraphBuilder()
        let first = hasFixedRows ? Dimension(rows) : Dimension(Symbol("batch", bound: bound))
        func input(_ name: String, _ shape: Shape) throws -> Value {
            try b.append(.input(Input(name, role: .data, type: TensorType(.f32, shape))))
        }
        let shape = Shape([first] + (columns.map { [Dimension($0)] } ?? []))
        let x = try input("x", shape)
        var y = x
        if repeated != .nothing {
            let axis = repeated == .row ? 1 : 0
            let other = try input("other", [shape[axis]])
            y = try b.add(x, b.broadcastInDim(other, shape, dimensions: [axis]))
        }
        let product = try b.multiply(y, x)
        b.output("sum", try b.reduce(.sum, product, axes: Array(0..<shape.rank)))
        return try b.build()
    }

    package func inputs() -> [String: ReferenceTensor] {
        var choice = SeededChoice(seed: 5)
        func values(_ shape: [Int]) -> ReferenceTensor {
            let elements = (0..<shape.reduce(1, *)).map { _ in
                Double(Float(choice.number(in: -1.5...1.5)))
            }
            return ReferenceTensor(.f32, shape: shape, elements: elements)
        }
        var inputs = ["x": values([rows] + (columns.map { [$0] } ?? []))]
        switch repeated {
        case .nothing: break
        case .row: inputs["other"] = values([columns ?? 1])
        case .column: inputs["other"] = values([rows])
        }
        return inputs
    }
}
