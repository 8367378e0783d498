import MartletIR

/// Runs a cluster block by block: a block of each register lies in the first-level cache while all
/// instructions pass over it.
enum ClusterKernel {
    /// Elements of one register block.
    static let blockSize = 512
    /// Bytes of one register block, wide enough for every element type.
    private static let registerByteCount = blockSize * 8

    static func bind(
        _ cluster: Cluster, _ step: PlanStep, _ context: BindingContext
    ) -> [Phase] {
        guard let result = step.results[0] else { return [] }
        let count = context.elementCount(result)
        if count == 0 { return [] }
        let body = ClusterBody(cluster, step, context)
        let (scratch, target) = (context.scratch, context.raw(result))
        let parts = Partition.elements(count)
        return [
            Phase(partCount: parts.count) { part, worker in
                body.run(
                    parts.range(part), into: target, scratch: scratch.base(ofWorker: worker))
            }
        ]
    }

    /// Each part leaves its sum in shared scratch, and a fixed tree joins them. A single part
    /// writes the result itself: 0 if there are no elements.
    static func bindSum(
        of cluster: Cluster, _ step: PlanStep, _ context: BindingContext
    ) -> [Phase] {
        guard let result = step.results[0].map({ context.floats($0) }) else { return [] }
        let shape = cluster.shape.evaluated { context.extents($0) } ?? []
        let parts = Partition.elements(shape.reduce(1, *))
        let body = ClusterBody(cluster, step, context)
        let scratch = context.scratch
        guard parts.count > 1 else {
            return [
                Phase(partCount: 1) { _, worker in
                    result.pointee = body.sum(
                        parts.range(0), scratch: scratch.base(ofWorker: worker))
                }
            ]
        }
        scratch.reserveShared(byteCount: parts.count * MemoryLayout<Float>.stride)
        return [
            Phase(partCount: parts.count) { part, worker in
                let partials = scratch.sharedBase.assumingMemoryBound(to: Float.self)
                partials[part] = body.sum(
                    parts.range(part), scratch: scratch.base(ofWorker: worker))
            },
            Phase(partCount: 1) { _, _ in
                let partials = scratch.sharedBase.assumingMemoryBound(to: Float.self)
                TreeSum.combine(
                    partials, count: parts.count, stride: 1, range: 0..<1, into: result)
            },
        ]
    }

    /// Unchecked: reads and writes plan memory, each part its own range of the result.
    private struct ClusterBody: @unchecked Sendable {
        let leaves: [BoundLeaf]
        let instructions: [Cluster.Instruction]
        let dtypes: [DType]
        /// Extents of the cluster's axes with neighbours merged where every leaf allows it.
        let extents: [Int]

        /// Reserves what it needs of each worker's scratch.
        init(_ cluster: Cluster, _ step: PlanStep, _ context: BindingContext) {
            let shape = cluster.shape.evaluated { context.extents($0) } ?? []
            let bound = cluster.leaves.map { BoundLeaf($0, step, shape, context) }
            (extents, leaves) = BoundLeaf.mergingAxes(shape, bound)
            instructions = cluster.instructions
            dtypes = leaves.map(\.dtype) + instructions.map(\.dtype)
            context.scratch.reserveForWorker(byteCount: dtypes.count * registerByteCount)
        }

        private var resultByteCount: Int { dtypes[dtypes.count - 1].byteCount }

        /// Writes the elements of a range to their places in `target`.
        func run(
            _ range: Range<Int>, into target: UnsafeMutableRawPointer,
            scratch: UnsafeMutableRawPointer
        ) {
            forEachBlock(of: range, scratch) { start, row, column, count in
                block(
                    row: row, column: column, count: count,
                    into: target + start * resultByteCount, scratch)
            }
        }

        /// The sum of the float32 elements of a range.
        func sum(_ range: Range<Int>, scratch: UnsafeMutableRawPointer) -> Float {
            let elements = scratch + (dtypes.count - 1) * registerByteCount
            // Blocks are as short as the rows of what is broadcast, and then many.
            var sum = 0.0
            forEachBlock(of: range, scratch) { _, row, column, count in
                block(row: row, column: column, count: count, into: elements, scratch)
                sum += Double(
                    sumRange(elements.assumingMemoryBound(to: Float.self), count) { $0 })
            }
            return Float(sum)
        }

        @inline(__always)
        private func forEachBlock(
            of range: Range<Int>, _ scratch: UnsafeMutableRawPointer,
            _ body: (_ start: Int, _ row: Int, _ column: Int, _ count: Int) -> Void
        ) {
            for (register, leaf) in leaves.enumerated() where leaf.base == nil {
                leaf.fillImmediate(scratch + register * registerByteCount)
            }
            let inner = extents.last ?? 1
            var start = range.lowerBound
            while start < range.upperBound {
                let column = start % inner
                let count = min(blockSize, inner - column, range.upperBound - start)
                body(start, start / inner, column, count)
                start += count
            }
        }

        private func block(
            row: Int, column: Int, count: Int, into target: UnsafeMutableRawPointer,
            _ scratch: UnsafeMutableRawPointer
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
                if instructions.isEmpty {
                    target.copyMemory(
                        from: registers[0], byteCount: count * resultByteCount)
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
