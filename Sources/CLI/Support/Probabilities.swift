import Foundation

/// Softmax of each row of logits, computed in Float64: exp(x − max) / Σ exp(x − max).
func softmax(ofLogits logits: [Float], classCount: Int) -> [[Float]] {
    rows(of: logits, width: classCount).map { row in
        let largest = Double(row.max() ?? 0)
        let powers = row.map { exp(Double($0) - largest) }
        let sum = powers.reduce(0, +)
        return powers.map { Float($0 / sum) }
    }
}

/// The rows of a row-major array.
func rows(of values: [Float], width: Int) -> [ArraySlice<Float>] {
    stride(from: 0, to: values.count, by: max(width, 1)).map { start in
        values[start..<min(start + width, values.count)]
    }
}
