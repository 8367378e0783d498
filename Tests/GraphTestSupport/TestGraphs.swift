import MartletIR

extension OpExample {
    /// A graph of the one op: inputs `0`, `1`, … and outputs `result 0`, ….
    package func graph() throws -> Graph {
        let b = GraphBuilder(name: label)
        var operands: [Value] = []
        for (index, operand) in self.operands.enumerated() {
            let input = Input("\(index)", role: .data, type: operand.type)
            operands.append(try b.append(.input(input)))
        }
        b.path = "layer"
        for (index, value) in try b.append(op, operands).enumerated() {
            b.output("result \(index)", value)
        }
        return try b.build()
    }
}

/// A chain of additions, `length` nodes long: what must neither recurse nor take long.
package func chainGraph(length: Int) throws -> Graph {
    let b = GraphBuilder(name: "chain")
    let symbol = Symbol("batch", bound: 8)
    let type = TensorType(.f32, [Dimension(symbol)])
    let x = try b.append(.input(Input("x", role: .parameter, type: type)))
    var y = x
    for _ in 0..<length { y = try b.add(y, x) }
    b.output("loss", try b.reduce(.sum, y, axes: [0]))
    return try b.build()
}
