/// Chooses the order of the steps: of two topological orders, the one with the lower peak.
///
/// The candidates are the order of the graph, with updates done as soon as they can be, and a
/// greedy one that always takes the ready step which leaves the fewest bytes alive.
struct StepOrder {
    private let steps: [PlanStep]
    private let byteCounts: [Int]
    /// For each step, the steps that must come before it.
    private var predecessors: [[Int]]

    init(_ steps: [PlanStep], buffers: [PlanBuffer], outputs: [PlanValue]) {
        self.steps = steps
        byteCounts = buffers.map { buffer in
            if case .arena = buffer.storage { buffer.byteCount } else { 0 }
        }
        predecessors = Self.predecessors(steps, bufferCount: buffers.count)
        holdUpdatesBack(buffers, outputs)
    }

    /// Lets every update wait for the scalar outputs, the loss among them, that do not need one:
    /// a run that is stopped because the loss is not finite, or an index behind it is outside its
    /// table, has then changed nothing.
    private mutating func holdUpdatesBack(_ buffers: [PlanBuffer], _ outputs: [PlanValue]) {
        let scalars = Set(outputs.filter { $0.type.shape.rank == 0 }.map(\.buffer))
        let updates = Set(
            steps.indices.filter { step in
                steps[step].results.contains {
                    $0.map { buffers[$0.buffer].storage == .input } == true
                }
            })
        let guards = steps.indices.filter { step in
            steps[step].results.contains { $0.map { scalars.contains($0.buffer) } == true }
                && !ancestors(of: step).contains(where: updates.contains)
        }
        for update in updates {
            predecessors[update] = Set(predecessors[update]).union(guards).sorted()
        }
    }

    /// The step and all that must come before it.
    private func ancestors(of step: Int) -> Set<Int> {
        var found: Set<Int> = [step]
        var pending = [step]
        while let next = pending.popLast() {
            for before in predecessors[next] where found.insert(before).inserted {
                pending.append(before)
            }
        }
        return found
    }

    func best() -> [Int] {
        let candidates = [order(isGreedy: false), order(isGreedy: true)]
        return candidates.min { peak($0) < peak($1) } ?? Array(steps.indices)
    }

    /// A step follows the one that writes what it reads; one that overwrites an input follows
    /// everyone who reads it.
    private static func predecessors(_ steps: [PlanStep], bufferCount: Int) -> [[Int]] {
        var writer = [Int?](repeating: nil, count: bufferCount)
        var readers = [[Int]](repeating: [], count: bufferCount)
        for (index, step) in steps.enumerated() {
            for result in step.results.compactMap(\.self) {
                // Who reads an input that is updated in place reads its old value.
                let isUpdate = step.operands.contains { $0.buffer == result.buffer }
                if !isUpdate { writer[result.buffer] = index }
            }
            for operand in step.operands { readers[operand.buffer].append(index) }
        }
        var predecessors = [Set<Int>](repeating: [], count: steps.count)
        for (index, step) in steps.enumerated() {
            for operand in step.operands {
                guard let before = writer[operand.buffer], before < index else { continue }
                predecessors[index].insert(before)
            }
            for result in step.results.compactMap(\.self) {
                for reader in readers[result.buffer] where reader != index {
                    // Readers of a fresh result come later and name this step themselves; those
                    // of an input that is updated in place come first, wherever they stand.
                    let isUpdate = step.operands.contains { $0.buffer == result.buffer }
                    if isUpdate { predecessors[index].insert(reader) }
                }
            }
        }
        return predecessors.map { $0.sorted() }
    }

    private func order(isGreedy: Bool) -> [Int] {
        var successors = [[Int]](repeating: [], count: steps.count)
        var missing = predecessors.map(\.count)
        for (index, before) in predecessors.enumerated() {
            for step in before { successors[step].append(index) }
        }
        var readsLeft = [Int](repeating: 0, count: byteCounts.count)
        for step in steps {
            for buffer in Set(step.operands.map(\.buffer)) { readsLeft[buffer] += 1 }
        }
        var ready = steps.indices.filter { missing[$0] == 0 }
        var order: [Int] = []
        order.reserveCapacity(steps.count)
        while !ready.isEmpty {
            let position = next(among: ready, readsLeft: readsLeft, isGreedy: isGreedy)
            let step = ready.remove(at: position)
            order.append(step)
            for buffer in Set(steps[step].operands.map(\.buffer)) { readsLeft[buffer] -= 1 }
            for successor in successors[step] {
                missing[successor] -= 1
                if missing[successor] == 0 { ready.append(successor) }
            }
        }
        return order
    }

    /// The position in `ready` of the step to take: an update first, then by growth, then by the
    /// graph's own order.
    private func next(among ready: [Int], readsLeft: [Int], isGreedy: Bool) -> Int {
        var best = (position: 0, growth: Int.max, step: Int.max)
        for (position, step) in ready.enumerated() {
            let frees = steps[step].results.allSatisfy {
                ($0.map { byteCounts[$0.buffer] } ?? 0) == 0
            }
            var growth = 0
            if isGreedy || frees { growth = self.growth(of: step, readsLeft: readsLeft) }
            if (growth, step) < (best.growth, best.step) { best = (position, growth, step) }
        }
        return best.position
    }

    /// Bytes written anew less bytes read for the last time.
    private func growth(of step: Int, readsLeft: [Int]) -> Int {
        var growth = 0
        for result in steps[step].results.compactMap(\.self) {
            growth += byteCounts[result.buffer]
        }
        for buffer in Set(steps[step].operands.map(\.buffer)) where readsLeft[buffer] == 1 {
            growth -= byteCounts[buffer]
        }
        return growth
    }

    /// The largest sum of live bytes, without sharing in place.
    private func peak(_ order: [Int]) -> Int {
        var lastUse = [Int](repeating: -1, count: byteCounts.count)
        for (time, step) in order.enumerated() {
            for operand in steps[step].operands { lastUse[operand.buffer] = time }
        }
        var (live, peak) = (0, 0)
        for (time, step) in order.enumerated() {
            for result in steps[step].results.compactMap(\.self) {
                live += byteCounts[result.buffer]
            }
            peak = max(peak, live)
            var touched = Set(steps[step].operands.map(\.buffer))
            for result in steps[step].results.compactMap(\.self)
            where lastUse[result.buffer] < time { touched.insert(result.buffer) }
            for buffer in touched where lastUse[buffer] <= time { live -= byteCounts[buffer] }
        }
        return peak
    }
}
