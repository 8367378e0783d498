import MartletIR

/// Optimizer updates over runs of elements, weights and state in place.
enum UpdateBindings {
    static func adam(_ op: AdamUpdate, _ step: PlanStep, _ context: BindingContext) -> [Phase]? {
        guard step.isUpdateInPlace([0, 2, 3]) else { return nil }
        let count = context.elementCount(step.operands[0])
        let pointers = step.operands.map { context.floats($0) }
        return [
            Partition.elements(count).phase { range, _ in
                let adam = OptimizerKernel.Adam(
                    stepSize: pointers[4].pointee, beta1: op.beta1, beta2: op.beta2,
                    epsilon: pointers[5].pointee,
                    decay: op.decayOperand.map { pointers[$0].pointee } ?? 0,
                    gradientScale: op.scaleOperand.map { pointers[$0].pointee } ?? 1)
                let start = range.lowerBound
                OptimizerKernel.adam(
                    adam, weights: pointers[0] + start, gradients: pointers[1] + start,
                    squares: op.squaresOperand.map { UnsafePointer(pointers[$0] + start) },
                    m: pointers[2] + start, v: pointers[3] + start, count: range.count)
            }
        ]
    }

    /// Row after row of a table, from the look-ups in their order.
    static func embeddingAdam(
        _ op: EmbeddingAdamUpdate, _ step: PlanStep, _ context: BindingContext
    ) -> [Phase]? {
        guard step.isUpdateInPlace([0, 3, 4]), let order = LookupOrder(step, context) else {
            return nil
        }
        let extents = context.shape(step.operands[0])
        let (rowCount, width) = (extents[0], extents[1])
        let pointers = step.operands.map { context.floats($0) }
        let scratch = context.scratch
        scratch.reserveForWorker(byteCount: 2 * width * MemoryLayout<Float>.stride)
        let update = Partition.rows(rowCount, columns: width).phase { rows, worker in
            let adam = OptimizerKernel.Adam(
                stepSize: pointers[5].pointee, beta1: op.beta1, beta2: op.beta2,
                epsilon: pointers[6].pointee, decay: op.hasDecay ? pointers[7].pointee : 0)
            let sums = scratch.base(ofWorker: worker).assumingMemoryBound(to: Float.self)
            for row in rows {
                EmbeddingKernel.sumRows(
                    pointers[2], at: order.positions(of: row), width: width, sums: sums,
                    squares: op.countsLookupsApart ? sums + width : nil)
                let start = row * width
                OptimizerKernel.adam(
                    adam, weights: pointers[0] + start, gradients: sums,
                    squares: op.countsLookupsApart ? sums + width : nil, m: pointers[3] + start,
                    v: pointers[4] + start, count: width)
            }
        }
        return [order.phase, update]
    }

    static func sgd(_ op: SGDUpdate, _ step: PlanStep, _ context: BindingContext) -> [Phase]? {
        let hasVelocity = op.momentum > 0
        guard step.isUpdateInPlace(hasVelocity ? [0, 3] : [0]) else { return nil }
        let count = context.elementCount(step.operands[0])
        let pointers = step.operands.map { context.floats($0) }
        return [
            Partition.elements(count).phase { range, _ in
                let sgd = OptimizerKernel.SGD(
                    learningRate: pointers[2].pointee, momentum: Float(op.momentum),
                    isNesterov: op.isNesterov,
                    decay: op.hasDecay ? pointers[pointers.count - 1].pointee : 0)
                let start = range.lowerBound
                OptimizerKernel.sgd(
                    sgd, weights: pointers[0] + start, gradients: pointers[1] + start,
                    velocity: hasVelocity ? pointers[3] + start : nil, count: range.count)
            }
        ]
    }
}

extension PlanStep {
    /// Whether result i lies over operand `operands[i]`, for all results.
    package func isUpdateInPlace(_ positions: [Int]) -> Bool {
        results.count == positions.count
            && zip(results, positions).allSatisfy { $0?.buffer == operands[$1].buffer }
    }
}
