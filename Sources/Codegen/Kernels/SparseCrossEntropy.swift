/// Cross-entropy of logits `[rows, classes]` against class numbers:
/// `loss[r] = log Σⱼ exp(x[r,j]) − x[r, label[r]]`.
///
/// Labels are checked before a step runs; the kernel keeps one outside the classes from reading
/// outside the row.
package struct SparseCrossEntropy: Hashable, Sendable {
    package var rows: Extent
    package var classes: Int

    package init(rows: Extent, classes: Int) {
        self.rows = rows
        self.classes = classes
    }

    /// Kernel. Buffers: `logits`, `labels` (`int32`), `loss` and, if it is kept, `logSumExp` (one
    /// element a row).
    package func lowerForward(
        to isa: VectorISA, keepsLogSumExp: Bool = true, name: String = "crossEntropy"
    ) throws -> LoopFunction {
        let k = LoopBuilder(name)
        let (logits, labels) = (k.input("logits"), k.input("labels", .int32))
        let loss = k.output("loss")
        let logSumExp = keepsLogSumExp ? k.output("logSumExp") : nil
        let kernel = RowKernel(k, isa: isa, rows: rows, columns: classes)
        kernel.forEachRow(nil) { row, _ in
            let line = logits + row * classes
            let maximum = kernel.maximum { offset, mask in
                (line + offset).load(lanes: isa.lanes, mask: mask)
            }
            let sum = kernel.sum(1) { offset, mask in
                let value = (line + offset).load(lanes: isa.lanes, mask: mask)
                return [VectorMath.exp(value - maximum)]
            }[0]
            let logSum = VectorMath.log(sum) + maximum
            let label = (labels + row).load().boundedIndex(below: classes)
            if let logSumExp { (logSumExp + row).store(logSum) }
            (loss + row).store(logSum - (line + label).load())
        }
        return try k.finish()
    }

    /// Kernel: `dx[r,j] = (exp(x[r,j] − logSumExp[r]) − [j = label[r]])·lossGradient[r]`.
    ///
    /// Buffers: `logits`, `labels`, `logSumExp`, `lossGradient`, `logitsGradient`, which may be
    /// `logits` itself.
    package func lowerBackward(
        to isa: VectorISA, name: String = "crossEntropyGradient"
    ) throws -> LoopFunction {
        let k = LoopBuilder(name)
        let (logits, labels) = (k.input("logits"), k.input("labels", .int32))
        let (logSumExp, lossGradient) = (k.input("logSumExp"), k.input("lossGradient"))
        let gradient = k.output("logitsGradient")
        let kernel = RowKernel(k, isa: isa, rows: rows, columns: classes)
        kernel.forEachRow(nil) { row, _ in
            let start = row * classes
            let (logSum, weight) = ((logSumExp + row).load(), (lossGradient + row).load())
            let label = start + (labels + row).load().boundedIndex(below: classes)
            // Taken for itself: p·weight − weight would lose digits that p − 1 keeps.
            let atLabel = (VectorMath.exp((logits + label).load() - logSum) - 1) * weight
            kernel.forEachVector { offset, mask in
                let value = (logits + start + offset).load(lanes: isa.lanes, mask: mask)
                let share = VectorMath.exp(value - logSum) * weight
                (gradient + start + offset).store(share, mask: mask)
            }
            (gradient + label).store(atLabel)
        }
        return try k.finish()
    }
}

extension Value {
    /// An `int32` as an index, forced into `0 ..< count`: memory safety, not a rule of meaning.
    func boundedIndex(below count: Int) -> Value {
        let index = convert(.signExtend, .int64)
        return index.like(0).maximum(index).minimum(index.like(count - 1))
    }
}
