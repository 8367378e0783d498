import MartletMemoryPlan

/// Gives every arena buffer its offset, from the first and last step that touch it.
struct ArenaLayout {
    let buffers: [PlanBuffer]
    let memory: MemoryPlan

    /// - Parameter kept: buffers that must last until the end of a run.
    init(steps: [PlanStep], buffers: [PlanBuffer], kept: Set<Int>) throws {
        var firstUse = [Int?](repeating: nil, count: buffers.count)
        var lastUse = [Int](repeating: 0, count: buffers.count)
        var sharing = [[Int]](repeating: [], count: buffers.count)
        for (time, step) in steps.enumerated() {
            for value in step.results.compactMap(\.self) + step.operands {
                if firstUse[value.buffer] == nil { firstUse[value.buffer] = time }
                lastUse[value.buffer] = time
            }
            if let result = step.results.first ?? nil {
                sharing[result.buffer] = step.operandsToOverwrite.map { step.operands[$0].buffer }
            }
        }
        let arena = buffers.indices.filter { index in
            if case .arena = buffers[index].storage { firstUse[index] != nil } else { false }
        }
        let position = Dictionary(
            uniqueKeysWithValues: arena.enumerated().map { ($1, $0) })
        let problem = try MemoryProblem(
            buffers: arena.map { index in
                let others = sharing[index].compactMap { position[$0] }
                return MemoryBuffer(
                    name: buffers[index].name, byteCount: buffers[index].byteCount,
                    firstUse: firstUse[index] ?? 0,
                    // After the last step, lest that one be written over what is kept.
                    lastUse: kept.contains(index) ? steps.count : lastUse[index],
                    sharing: others.isEmpty ? .own : .may(others))
            })
        memory = MemoryPlanner().plan(problem)
        var placed = buffers
        for (index, offset) in zip(arena, memory.offsets) {
            placed[index].storage = .arena(byteOffset: offset)
        }
        self.buffers = placed
    }
}

extension PlanStep {
    /// The operands over which result 0 may be written.
    var operandsToOverwrite: [Int] {
        switch work {
        case .op(let op): op.operandsForResultInPlace
        case .copy, .product, .sum: []
        case .cluster(let cluster):
            // Only an operand read element for element, and by one leaf.
            operands.indices.filter { operand in
                let reads = cluster.leaves.compactMap { leaf -> [Int?]? in
                    if case .operand(operand, let axes) = leaf { axes } else { nil }
                }
                let whole: [Int?] = Array(0..<cluster.shape.rank)
                return reads == [whole]
                    && operands[operand].type.dtype.byteCount
                        == (results[0]?.type.dtype.byteCount ?? 0)
            }
        }
    }
}
