/// The symbols of a graph or plan that count the positions a packed batch keeps. Their extents
/// follow from the data of a run.
package struct PackedExtents {
    /// A symbol, and the padded `[batch, sequence]` that it is counted from.
    package struct Source {
        package var symbol: Symbol
        package var shape: Shape

        /// Nil for an op that names no symbol.
        package init?(_ op: Op, source: TensorType) {
            guard case .packIndices(let pack) = op, let symbol = pack.shape[0].symbols.first,
                pack.shape[0] == Dimension(symbol)
            else { return nil }
            self.symbol = symbol
            shape = source.shape
        }
    }

    package let sources: [Source]

    package init(_ sources: [Source]) { self.sources = sources }

    /// The extents with those of the packed symbols counted; one that is given is kept.
    ///
    /// - Parameter isReal: whether an element of a source, given by its number, is not 0.
    package func completing(
        _ extents: SymbolExtents, isReal: (_ source: Int, _ element: Int) -> Bool
    ) -> SymbolExtents {
        var extents = extents
        for (index, source) in sources.enumerated()
        where extents.extents[source.symbol.name] == nil {
            let shape = extents.shape(source.shape)
            var count = 0
            for row in 0..<shape[0] {
                count += PackIndices.keptCount(of: shape[1]) {
                    isReal(index, row * shape[1] + $0)
                }
            }
            extents.extents[source.symbol.name] = count
        }
        return extents
    }
}

extension ReferenceInterpreter {
    /// The extents of a run, with those that follow from its inputs.
    func counting(_ graph: Graph, _ inputs: [String: ReferenceTensor]) -> SymbolExtents {
        var names: [String] = []
        let sources = graph.nodes.compactMap { node -> PackedExtents.Source? in
            guard let operand = node.operands.first, let input = graph.input(at: operand.node),
                let source = PackedExtents.Source(node.op, source: input.type)
            else { return nil }
            names.append(input.inputName)
            return source
        }
        return PackedExtents(sources).completing(extents) { source, element in
            // An input that is missing or too small is refused when it is read.
            guard let value = inputs[names[source]], element < value.elements.count else {
                return false
            }
            return value.elements[element] != 0
        }
    }
}
