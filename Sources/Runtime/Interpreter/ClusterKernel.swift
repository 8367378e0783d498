import MartletIR

/// Runs a cluster block by block: a block of each register lies in the first-level cache while all
/// instructions pass over it.
enum ClusterKernel {
    /// Elements of one register block.
    static let blockSize = 512
    /// Elements of one part; a multiple of the block, chosen by nothing but the problem's size.
    private static let partSize = 16_384
    /// Bytes of one register block, wide enough for every element type.
    private static let registerByteCount = blockSize * 8

    static func bind(
        _ cluster: Cluster, _ step: PlanStep, _ context: BindingContext
    ) -> [Phase] {
        guard let result = step.results[0] else { return [] }
        let count = context.elementCount(result)
        if count == 0 { return [] }
        let body = ClusterBody(cluster, step, result, context)
        context.scratch.reserveForWorker(
            byteCount: (cluster.leaves.count + cluster.instructions.count) * registerByteCount)
        let scratch = context.scratch
        return [
            Phase(partCount: (count + partSize - 1) / partSize) { part, worker in
                let start = part * partSize
                body.run(
                    start..<min(start + partSize, count), scratch: scratch.base(ofWorker: worker))
            }
        ]
    }

    /// Unchecked: reads and writes plan memory, each part its own range of the result.
    private struct ClusterBody: @unchecked Sendable {
        let leaves: [BoundLeaf]
        let instructions: [Cluster.Instruction]
        let dtypes: [DType]
        let result: UnsafeMutableRawPointer
        let resultType: DType
        /// Extents of the cluster's axes with neighbours merged where every leaf allows it.
        let extents: [Int]

        init(
            _ cluster: Cluster, _ step: PlanStep, _ resultValue: PlanValue,
            _ context: BindingContext
        ) {
            let shape = cluster.shape.evaluated { context.extents($0) } ?? []
            let bound = cluster.leaves.map { BoundLeaf($0, step, shape, context) }
            (extents, leaves) = BoundLeaf.mergingAxes(shape, bound)
            instructions = cluster.instructions
            dtypes = leaves.map(\.dtype) + instructions.map(\.dtype)
            result = context.raw(resultValue)
            resultType = resultValue.type.dtype
        }

        func run(_ range: Range<Int>, scratch: UnsafeMutableRawPointer) {
            for (register, leaf) in leaves.enumerated() where leaf.base == nil {
                leaf.fillImmediate(scratch + register * registerByteCount)
            }
            let inner = extents.last ?? 1
            var start = range.lowerBound
            while start < range.upperBound {
                let column = start % inner
                let count = min(blockSize, inner - column, range.upperBound - start)
                block(start: start, row: start / inner, column: column, count: count, scratch)
                start += count
            }
        }

        private func block(
            start: Int, row: Int, column: Int, count: Int, _ scratch: UnsafeMutableRawPointer
        ) {
            let registerCount = dtypes.count
            withUnsafeTemporaryAllocation(
                of: UnsafeMutableRawPointer.self, capacity: registerCount
            ) { registers in
                for (index, leaf) in leaves.enumerated() {
                    registers[index] = leaf.block(
                        row: row, column: column, count: count, outer: extents,
                        scratch: scratch + index * registerByteCount)
                }
                let target = result + start * resultType.byteCount
                if instructions.isEmpty {
                    target.copyMemory(
                        from: registers[0], byteCount: count * resultType.byteCount)
                    return
                }
                for (index, instruction) in instructions.enumerated() {
                    let register = leaves.count + index
                    registers[register] =
                        register == registerCount - 1
                        ? target : scratch + register * registerByteCount
                    ClusterInstruction.run(
                        instruction, dtypes: dtypes, registers: registers, register: register,
                        count: count)
                }
            }
        }
    }
}
