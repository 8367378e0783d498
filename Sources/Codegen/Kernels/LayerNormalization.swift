/// Residual, dropout and layer normalization in one pass over each row:
///
/// `s = residual + dropout(x)`, `y = (s − mean s)/√(var s + ε)·γ + β`, over the last dimension, with
/// the population variance.
package struct LayerNormalization: Hashable, Sendable {
    package var rows: Extent
    package var columns: Int
    package var epsilon: Double
    package var hasResidual: Bool
    /// Dropout of x by the element rule of `DropoutMask`; adds the scalar arguments `seed`, `stream`,
    /// `step` and `firstRow`.
    package var dropoutRate: Double
    /// Whether the rows that dropout counts are some of a larger tensor's; adds the scalar
    /// arguments `rowStride` and `rowOffset`.
    package var hasSelectedRows: Bool
    /// Whether the forward kernel's last buffer, `rowIndices` (int32), says which they are.
    package var hasRowIndices = false

    package init(
        rows: Extent, columns: Int, epsilon: Double = 1e-3, hasResidual: Bool = false,
        dropoutRate: Double = 0, hasSelectedRows: Bool = false
    ) {
        self.hasSelectedRows = hasSelectedRows
        self.rows = rows
        self.columns = columns
        self.epsilon = epsilon
        self.hasResidual = hasResidual
        self.dropoutRate = dropoutRate
    }

    /// How many partial sums of dγ and dβ the backward kernel writes.
    package func partialCount(rows: Int) -> Int {
        RowKernel.partCount(rows: rows, columns: columns)
    }

    /// Kernel. Buffers: `input`, `residual` if there is one, `gamma`, `beta`, `output`; and if
    /// `savesForBackward` `sum` (s), `mean`, `inverseDeviation` (one element a row).
    package func lowerForward(
        to isa: VectorISA, savesForBackward: Bool = false, name: String = "layerNormalization"
    ) throws -> LoopFunction {
        let k = LoopBuilder(name)
        let input = k.input("input")
        let residual = hasResidual ? k.input("residual") : nil
        let (gamma, beta, output) = (k.input("gamma"), k.input("beta"), k.output("output"))
        let saved =
            savesForBackward
            ? (sum: k.output("sum"), mean: k.output("mean"), inverse: k.output("inverseDeviation"))
            : nil
        let rowIndices = hasRowIndices ? k.input("rowIndices", .int32) : nil
        let kernel = RowKernel(k, isa: isa, rows: rows, columns: columns)
        let dropout = RowDropout(
            rate: dropoutRate, isSelected: hasSelectedRows, rowIndices: rowIndices, rows: kernel,
            isa: isa)
        let line = k.scratch("sum", count: columns)
        let lanes = isa.lanes

        kernel.forEachRow(dropout) { row, factors in
            let start = row * columns
            let sums = saved.map { $0.sum + start } ?? line
            let total = kernel.sum(1) { offset, mask in
                var value = (input + start + offset).load(lanes: lanes, mask: mask)
                if let factors { value = value * (factors + offset).load(lanes: lanes) }
                if let residual {
                    value = value + (residual + start + offset).load(lanes: lanes, mask: mask)
                }
                (sums + offset).store(value, mask: mask)
                return [value]
            }[0]
            let mean = total * (1 / Double(columns))
            let squares = kernel.sum(1) { offset, mask in
                let centred = (sums + offset).load(lanes: lanes, mask: mask) - mean
                return [centred * centred]
            }[0]
            let variance = squares * (1 / Double(columns))
            let inverse = 1 / (variance + epsilon).squareRoot()
            kernel.forEachVector { offset, mask in
                func load(_ pointer: Pointer) -> Value {
                    (pointer + offset).load(lanes: lanes, mask: mask)
                }
                let normal = (load(sums) - mean) * inverse
                (output + start + offset).store(
                    normal.multiplied(by: load(gamma), adding: load(beta)), mask: mask)
            }
            if let saved {
                (saved.mean + row).store(mean)
                (saved.inverse + row).store(inverse)
            }
        }
        return try k.finish()
    }

    /// Kernel: with h = (s − mean)·inverse and d = dy·γ,
    /// `ds = inverse·(d − mean d − h·mean(d∘h))`, `dx = dropout(ds)`, `dγ = Σ dy∘h`, `dβ = Σ dy`.
    ///
    /// Buffers: `outputGradient`, `sum`, `mean`, `inverseDeviation`, `gamma`; `sumGradient` (of s and
    /// so of the residual), `inputGradient` (of x) if there is dropout, and `parameterGradients`
    /// `[partialCount, 2, columns]`: partial sums of dγ and dβ, one pair a part.
    package func lowerBackward(
        to isa: VectorISA, name: String = "layerNormalizationGradient"
    ) throws -> LoopFunction {
        let k = LoopBuilder(name)
        let (outputGradient, sum) = (k.input("outputGradient"), k.input("sum"))
        let (means, inverses) = (k.input("mean"), k.input("inverseDeviation"))
        let (gamma, sumGradient) = (k.input("gamma"), k.output("sumGradient"))
        let inputGradient = dropoutRate > 0 ? k.output("inputGradient") : nil
        let partials = k.output("parameterGradients")
        let kernel = RowKernel(k, isa: isa, rows: rows, columns: columns)
        let dropout = RowDropout(
            rate: dropoutRate, isSelected: hasSelectedRows, rows: kernel, isa: isa)
        let lanes = isa.lanes
        let gammaGradient = partials + kernel.part * (2 * columns)
        let betaGradient = gammaGradient + columns

        let zero = k.constant(Float(0), lanes: lanes)
        // dγ and dβ of a short row stay in registers from row to row, vector by vector; those of a
        // long one in the cache.
        let vectors = (columns + lanes - 1) / lanes
        let initial = Array(repeating: zero, count: kernel.isShort ? 2 * vectors : 0)
        kernel.forEachVector { offset, mask in
            (gammaGradient + offset).store(zero, mask: mask)
            (betaGradient + offset).store(zero, mask: mask)
        }
        let totals = kernel.forEachRow(dropout, carrying: initial) { row, factors, carried in
            let start = row * columns
            let (mean, inverse) = ((means + row).load(), (inverses + row).load())
            /// dy, h and d at one place.
            func terms(_ offset: Value, _ mask: Value?) -> (Value, Value, Value) {
                let dy = (outputGradient + start + offset).load(lanes: lanes, mask: mask)
                let s = (sum + start + offset).load(lanes: lanes, mask: mask)
                let scale = (gamma + offset).load(lanes: lanes, mask: mask)
                return (dy, (s - mean) * inverse, dy * scale)
            }
            var next: [Value] = []
            let sums = kernel.sum(2) { offset, mask in
                let (dy, h, d) = terms(offset, mask)
                if kernel.isShort {
                    next.append(carried[next.count] + dy * h)
                    next.append(carried[next.count] + dy)
                } else {
                    (gammaGradient + offset).add(dy * h, mask: mask)
                    (betaGradient + offset).add(dy, mask: mask)
                }
                return [d, d * h]
            }
            let average = sums.map { $0 * (1 / Double(columns)) }
            kernel.forEachVector { offset, mask in
                let (_, h, d) = terms(offset, mask)
                let gradient = (d - average[0] - h * average[1]) * inverse
                (sumGradient + start + offset).store(gradient, mask: mask)
                if let inputGradient, let factors {
                    let factor = (factors + offset).load(lanes: lanes)
                    (inputGradient + start + offset).store(gradient * factor, mask: mask)
                }
            }
            return next
        }
        for (index, first) in stride(from: 0, to: kernel.isShort ? columns : 0, by: lanes)
            .enumerated()
        {
            let mask = k.firstLanes(k.constant(columns - first), of: lanes)
            (gammaGradient + first).store(totals[2 * index], mask: mask)
            (betaGradient + first).store(totals[2 * index + 1], mask: mask)
        }
        return try k.finish()
    }
}
