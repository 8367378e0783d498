import MartletIR

/// What becomes of a step's results when it sees a slice of the batch instead of all of it.
enum SliceResult {
    /// The slice's own entries of the result.
    case entries
    /// The slice's contribution to a sum over the batch.
    case sum
}

/// Says which steps work on each entry of the batch on its own.
struct SliceRule {
    /// The leading extent of everything that has one entry for each of the batch.
    let batch: Dimension

    init(_ symbol: Symbol) { batch = Dimension(symbol) }

    /// Whether axis 0, and no other, counts the batch's entries.
    func isBatched(_ type: TensorType) -> Bool {
        type.shape.rank > 0 && type.shape[0] == batch
            && type.shape.dimensions.dropFirst().allSatisfy { isFree($0) }
    }

    private func isFree(_ dimension: Dimension) -> Bool {
        dimension.symbols.isDisjoint(with: batch.symbols)
    }

    private func isInvariant(_ type: TensorType) -> Bool {
        type.shape.dimensions.allSatisfy { isFree($0) }
    }

    /// One entry for each result of the step, or nil where a slice is not enough to compute it.
    func results(of step: PlanStep) -> [SliceResult]? {
        let types = step.operands.map(\.type)
        let isBatched = types.map { self.isBatched($0) }
        guard zip(types, isBatched).allSatisfy({ $1 || isInvariant($0) }) else { return nil }
        let results: [SliceResult]? =
            switch step.work {
            case .cluster(let cluster):
                readsOwnEntries(cluster, step, isBatched) ? [.entries] : nil
            case .sum(let cluster): readsOwnEntries(cluster, step, isBatched) ? [.sum] : nil
            case .product(let product): self.product(product.product, isBatched)
            case .op(let op): self.op(op, step, isBatched)
            case .copy: nil
            }
        guard let results else { return nil }
        // What the rule says must be what the types say.
        for (index, result) in step.results.enumerated() {
            guard let result else { continue }
            let kind = index < results.count ? results[index] : results.last
            switch kind {
            case .entries: if !self.isBatched(result.type) { return nil }
            case .sum:
                if !isInvariant(result.type) || result.type.dtype != .f32 { return nil }
            case nil: return nil
            }
        }
        return step.results.indices.map { $0 < results.count ? results[$0] : .entries }
    }

    /// Whether each entry of what a cluster makes comes from the same entry of its operands.
    private func readsOwnEntries(
        _ cluster: Cluster, _ step: PlanStep, _ isBatched: [Bool]
    ) -> Bool {
        guard self.isBatched(TensorType(.f32, cluster.shape)) else { return false }
        return cluster.leaves.allSatisfy { leaf in
            switch leaf {
            case .immediate: true
            case .iota(let axis, _): axis != 0
            case .operand(let operand, let axes):
                if isBatched[operand] {
                    axes[0] == 0 && !axes.dropFirst().contains(0)
                } else {
                    axes[0].map { step.operands[operand].type.shape[$0] == 1 } ?? true
                }
            }
        }
    }

    private func product(_ dot: DotGeneral, _ isBatched: [Bool]) -> [SliceResult]? {
        guard isBatched[0], !isBatched.dropFirst(2).contains(true) else { return nil }
        guard isBatched[1] else {
            return dot.leftContracting.contains(0) || !dot.leftBatch.isEmpty
                ? nil : [.entries, .entries]
        }
        if let position = dot.leftContracting.firstIndex(of: 0) {
            return dot.rightContracting[position] == 0 ? [.sum] : nil
        }
        return dot.leftBatch.first == 0 && dot.rightBatch.first == 0 ? [.entries] : nil
    }

    private func op(_ op: Op, _ step: PlanStep, _ isBatched: [Bool]) -> [SliceResult]? {
        func only(_ batched: Int..., give results: [SliceResult]) -> [SliceResult]? {
            isBatched.enumerated().allSatisfy { $1 == batched.contains($0) } ? results : nil
        }
        let rank = step.operands.first?.type.rank ?? 0
        switch op {
        case .dotGeneral(let dot): return product(dot, isBatched)
        case .dropout: return rank > 1 ? only(0, give: [.entries]) : nil
        case .biasActivation: return only(0, give: [.entries])
        case .biasActivationGradient: return only(0, 1, give: [.entries])
        case .layerNorm(let norm):
            let four: [SliceResult] = [.entries, .entries, .entries, .entries]
            guard rank > 1 else { return nil }
            return norm.hasResidual ? only(0, 1, give: four) : only(0, give: four)
        case .layerNormGradient:
            return rank > 1 ? only(0, 1, 2, 3, give: [.entries, .sum, .sum]) : nil
        case .attention, .attentionGradient: return attention(op, step, isBatched)
        case .softmax(let softmax): return softmax.axis > 0 ? only(0, give: [.entries]) : nil
        case .logSoftmax(let softmax): return softmax.axis > 0 ? only(0, give: [.entries]) : nil
        case .softmaxCrossEntropy:
            return rank > 1 ? only(0, 1, give: [.entries, .entries]) : nil
        case .softmaxCrossEntropyGradient:
            return rank > 1 ? only(0, 1, 2, 3, give: [.entries]) : nil
        case .embedding: return only(1, give: [.entries])
        case .slice(let slice):
            let isWhole =
                slice.starts.first == 0 && slice.strides.first == 1
                && slice.limits.dimensions.first == batch
            return isWhole ? only(0, give: [.entries]) : nil
        case .pad(let pad):
            let isWhole = [pad.low, pad.high, pad.interior].allSatisfy { $0.first == 0 }
            return isWhole ? only(0, give: [.entries]) : nil
        case .transpose(let transpose):
            return transpose.permutation.first == 0 ? only(0, give: [.entries]) : nil
        case .reduce(let reduce):
            guard isBatched[0] else { return nil }
            if !reduce.axes.contains(0) { return [.entries] }
            return reduce.kind == .sum ? [.sum] : nil
        default: return nil
        }
    }

    private func attention(
        _ op: Op, _ step: PlanStep, _ isBatched: [Bool]
    ) -> [SliceResult]? {
        let tensors: [Int]
        let mask: Int?
        switch op {
        case .attention(let attention):
            tensors = [0, 1, 2]
            mask = attention.hasMask ? 3 : nil
        case .attentionGradient(let gradient):
            tensors = [0, 1, 2, 3, 4, 5]
            mask = gradient.forward.hasMask ? 6 : nil
        default: return nil
        }
        guard tensors.allSatisfy({ isBatched[$0] }) else { return nil }
        if let mask, !isBatched[mask], step.operands[mask].type.shape[0] != 1 { return nil }
        return [.entries, .entries, .entries]
    }
}

extension PlanStep {
    /// Whether the step draws random numbers, whose counters name an element's place in the whole
    /// batch.
    package var drawsRandomNumbers: Bool {
        guard case .op(let op) = work else { return false }
        switch op {
        case .dropout: return true
        case .layerNorm(let norm): return norm.rate > 0
        case .attention(let attention): return attention.rate > 0
        case .attentionGradient(let gradient): return gradient.forward.rate > 0
        default: return false
        }
    }
}
