import MartletIR

/// How losses per element become one number, as Keras's `reduction`.
public enum LossReduction: String, Hashable, Sendable, CaseIterable {
    /// `Σ weight · loss / N` with N the number of losses; under a mask, N counts the valid ones.
    case sumOverBatchSize = "sum_over_batch_size"
    /// `Σ weight · loss`
    case sum
    /// `Σ weight · loss / Σ weight`, where a mask multiplies the weights.
    case meanWithSampleWeight = "mean_with_sample_weight"
    /// The weighted losses themselves.
    case none

    /// Applies mask and weights, then reduces; a mean over nothing is 0.
    func reduce(
        _ values: Value, mask: Value?, sampleWeight: Value?, for name: String,
        in b: GraphBuilder
    ) throws -> Value {
        let dtype = b.type(of: values).dtype
        var values = values
        let weight = try b.weight(
            mask: mask, sampleWeight: sampleWeight, dtype, scalesMask: self == .sumOverBatchSize,
            for: name)
        if let weight {
            let ranked = try b.matchingRanks(values, weight)
            let (left, right) = try b.broadcastTogether(ranked.0, ranked.1, for: name)
            values = try b.multiply(left, right)
        }
        let axes = Array(0..<b.type(of: values).rank)
        switch self {
        case .none: return values
        case .sum: return try b.reduce(.sum, values, axes: axes)
        case .sumOverBatchSize: return try mean(values, b)
        case .meanWithSampleWeight:
            guard let weight else { return try mean(values, b) }
            let sum = try b.reduce(.sum, values, axes: axes)
            let total = try b.reduce(.sum, weight, axes: Array(0..<b.type(of: weight).rank))
            return try b.divideNoNaN(sum, total)
        }
    }

    private func mean(_ values: Value, _ b: GraphBuilder) throws -> Value {
        let axes = Array(0..<b.type(of: values).rank)
        let sum = try b.reduce(.sum, values, axes: axes)
        let count = try b.elementCount(values, axes: axes)
        return b.type(of: values).shape.fixed == nil
            ? try b.divideNoNaN(sum, count) : try b.divide(sum, count)
    }
}

extension GraphBuilder {
    /// Mask and sample weight as one weight; nil where there is neither.
    ///
    /// - Parameter scalesMask: whether valid entries weigh `total / valid`, so that a mean over
    ///   all entries is one over the valid.
    func weight(
        mask: Value?, sampleWeight: Value?, _ dtype: DType, scalesMask: Bool = false,
        for name: String
    ) throws -> Value? {
        let given = try sampleWeight.map { try convert($0, to: dtype) }
        guard let mask else { return given }
        var valid = try convert(mask, to: dtype)
        if scalesMask {
            let axes = Array(0..<type(of: mask).rank)
            let total = try elementCount(valid, axes: axes)
            let scale = try divideNoNaN(total, reduce(.sum, valid, axes: axes))
            valid = try multiply(valid, repeated(scale, like: valid))
        }
        guard let given else { return valid }
        let ranked = try matchingRanks(valid, given)
        let (left, right) = try broadcastTogether(ranked.0, ranked.1, for: name)
        return try multiply(right, left)
    }
}
