/// Where masks of a trace come from and where they end, and which means are taken without one.
struct MaskTrail {
    /// A mask where a layer first gave it.
    struct Origin: Hashable, Sendable {
        var path: String
        var mask: Value
    }

    /// A mean over the steps of a tensor without a mask.
    struct Average: Hashable, Sendable {
        var path: String
        var className: String
        var input: Value
    }

    var origins: [Origin] = []
    var averages: [Average] = []
    /// Masks that ended at a layer which does not support them.
    var dropped: Set<Value> = []

    /// Records the masks of a layer's outputs that are none of its inputs'.
    mutating func record(_ outputs: [Value], inputs: [Value], path: String) {
        for mask in outputs
        where !inputs.contains(mask) && !origins.contains(where: { $0.mask == mask }) {
            origins.append(Origin(path: path, mask: mask))
        }
    }
}

extension TracedModel {
    /// What is doubtful about the masks, given what the graph is made for.
    ///
    /// - Parameter results: the values the step is run for: a loss, or the outputs.
    public func maskDiagnostics(for results: [Value]) -> [Diagnostic] {
        let used = builder.ancestors(of: results + outputs.compactMap(\.mask))
        return deadMasks(used) + averages(used)
    }

    private func deadMasks(_ used: Set<Int>) -> [Diagnostic] {
        let masks = Set(maskTrail.origins.map(\.mask.node))
        let dropped = builder.ancestors(of: Array(maskTrail.dropped))
        return maskTrail.origins.compactMap { origin in
            let node = origin.mask.node
            guard !used.contains(node), !dropped.contains(node) else { return nil }
            // One made of another is dead for the same cause.
            let before = builder.ancestors(of: builder.nodes[node].operands)
            guard before.isDisjoint(with: masks) else { return nil }
            return Diagnostic(
                .deadMask, origin.path,
                "its mask reaches no layer that uses it, so padding counts as tokens do. Sums and "
                    + "other functions of tensors drop masks: add with Add(), or attach the mask "
                    + "again with masked(by:)")
        }
    }

    private func averages(_ used: Set<Int>) -> [Diagnostic] {
        let padded = Set(hostPrefix.flatMap(\.inputs))
        let hostInputs = Set(inputs.filter { padded.contains($0.name) }.map(\.value))
        return maskTrail.averages.compactMap { average in
            guard used.contains(average.input.node) else { return nil }
            let before = builder.ancestors(of: [average.input])
            let what = "\(average.className) averages over padding as over tokens, so a text's "
            let consequence = "result depends on how much it is filled up. "
            let embedding = builder.nodes.indices.first { index in
                guard case .embedding = builder.nodes[index].op, before.contains(index) else {
                    return false
                }
                // A mask of its own that got lost is told of already.
                let path = builder.nodes[index].path
                return hostInputs.contains(builder.nodes[index].operands[1])
                    && !maskTrail.origins.contains { $0.path == path }
            }
            let shape = builder.type(of: average.input).shape
            let origin = maskTrail.origins.first {
                before.contains($0.mask.node)
                    && builder.type(of: $0.mask).shape.dimensions
                        == Array(shape.dimensions.prefix(2))
            }
            let fix: String
            if let origin {
                fix =
                    "A mask is at hand (\(origin.path)); keep it on the way here, or attach it "
                    + "again with masked(by:)"
            } else if let embedding {
                fix =
                    "With maskZero: true at \(builder.nodes[embedding].path), and layers between "
                    + "that pass the mask on, only tokens are averaged"
            } else {
                return nil
            }
            return Diagnostic(.averageOverPadding, average.path, what + consequence + fix)
        }
    }
}

extension GraphBuilder {
    /// The nodes that values depend on, their own included.
    package func ancestors(of values: [Value]) -> Set<Int> {
        var found: Set<Int> = []
        var open = values.map(\.node)
        while let node = open.popLast() {
            guard found.insert(node).inserted else { continue }
            open += nodes[node].operands.map(\.node)
        }
        return found
    }

    /// The path of the layer that makes an output without an activation that would make it
    /// probabilities; nil where the output may be probabilities.
    func logitLayer(of output: Value) -> String? {
        var value = output
        while true {
            let node = nodes[value.node]
            switch node.op {
            case .reshape, .convert, .transpose: value = node.operands[0]
            case .biasActivation(let op): return op.activation == .logistic ? nil : node.path
            case .dotGeneral: return node.path
            case .binary(let op):
                guard op.kind == .add, let operand = node.operands.first else { return nil }
                value = operand
            default: return nil
            }
        }
    }

    /// Logits given to a loss that takes probabilities.
    func probabilityDiagnostics(
        _ output: Value, fromLogits: Bool, loss: String, activation: String
    ) -> [Diagnostic] {
        guard !fromLogits, let path = logitLayer(of: output) else { return [] }
        return [
            Diagnostic(
                .logitsIntoProbabilityLoss, path,
                "\(loss) expects probabilities, but this layer gives logits: those of 1 or more, "
                    + "and of 0 or less, get no gradient. Set fromLogits: true in the loss, or "
                    + "give the layer the activation .\(activation)")
        ]
    }

    /// Probabilities given to a loss that is told they are logits.
    func logitDiagnostics(
        _ output: Value, isActivated: Bool, fromLogits: Bool, loss: String, activation: String
    ) -> [Diagnostic] {
        guard fromLogits, isActivated else { return [] }
        let path = nodes[output.node].path
        return [
            Diagnostic(
                .probabilitiesIntoLogitLoss, path.isEmpty ? loss : path,
                (path.isEmpty ? "" : "\(loss): ") + "fromLogits is true, but the output is a "
                    + "\(activation), so it is probabilities; the loss uses what the \(activation) "
                    + "was taken of. Remove the activation or set fromLogits: false")
        ]
    }
}
