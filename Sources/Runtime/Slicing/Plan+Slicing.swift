import MartletIR
import MartletMemoryPlan

extension Plan {
    /// The plan with as many of its steps as possible run slice by slice; see `BatchSlicing`. Nil
    /// where no step can.
    ///
    /// - Throws: `MemoryPlanError` where a size overflows.
    public func sliced(_ size: SliceSize) throws -> Plan? {
        guard slicing == nil, let region = SliceRegion(self), !region.inside.isEmpty else {
            return nil
        }
        return try SlicedPlanBuilder(self, region, size).plan()
    }
}

/// Lays out a sliced plan: what lives within a slice in the slice's memory, the rest in the arena.
private struct SlicedPlanBuilder {
    private let original: Plan
    private let region: SliceRegion
    private let size: SliceSize
    private let inside: [PlanStep]

    init(_ original: Plan, _ region: SliceRegion, _ size: SliceSize) {
        self.original = original
        self.region = region
        self.size = size
        let entryCount = max(1, min(size.entryCount, region.symbol.bound))
        inside = region.inside.map { $0.resized(region.symbol, to: entryCount) }
    }

    func plan() throws -> Plan {
        let steps = region.before + inside + region.after
        let run = region.before.count..<(region.before.count + inside.count)
        let slicing = try slicing(run)
        let outputs = Set(original.outputs.map(\.value.buffer))
        let main = try ArenaLayout(
            steps: outerSteps(slicing), buffers: original.buffers, kept: outputs)
        var buffers = main.buffers
        let outer = Set(slicing.stagedIn.map(\.buffer) + slicing.stagedOut.map(\.buffer))
            .union(slicing.sums.map(\.buffer))
        for (buffer, offset) in slicing.offsets where !outer.contains(buffer) {
            buffers[buffer].storage = .slice(byteOffset: offset)
        }
        return Plan(
            name: original.name, steps: steps, buffers: buffers, inputs: original.inputs,
            outputs: original.outputs, symbols: original.symbols, memory: main.memory,
            slicing: slicing)
    }

    /// The plan as the arena sees it: the run is one step.
    private func outerSteps(_ slicing: BatchSlicing) -> [PlanStep] {
        let inner = Set(slicing.offsets.keys)
        let staged = slicing.stagedIn + slicing.stagedOut
        let leaving = slicing.sums.map(\.buffer) + slicing.stagedOut.map(\.buffer)
        func value(_ buffer: Int) -> PlanValue {
            let type = staged.first { $0.buffer == buffer }?.type
            return PlanValue(buffer: buffer, type: type ?? TensorType(.f32, .scalar))
        }
        let read = inside.flatMap(\.operands).filter { !inner.contains($0.buffer) }
        let run = PlanStep(
            work: .copy, operands: read + slicing.stagedIn.map { value($0.buffer) },
            results: leaving.map { value($0) }, path: "")
        return region.before + [run] + region.after
    }

    private func slicing(_ run: Range<Int>) throws -> BatchSlicing {
        let rule = SliceRule(region.symbol)
        let outputs = Set(original.outputs.map(\.value.buffer))
        let readAfter = Set(region.after.flatMap { $0.operands.map(\.buffer) }).union(outputs)
        var (made, summed) = ([Int: PlanValue](), [Int: PlanValue]())
        var stagedIn: [BatchSlicing.Staged] = []
        var sums: [BatchSlicing.Sum] = []
        for (index, step) in inside.enumerated() {
            for (operand, whole) in zip(step.operands, region.inside[index].operands)
            where made[operand.buffer] == nil && rule.isBatched(whole.type) {
                made[operand.buffer] = operand
                stagedIn.append(.init(buffer: operand.buffer, type: operand.type))
            }
            for (result, kind) in zip(step.results, region.results[index]) {
                guard let result else { continue }
                made[result.buffer] = result
                guard kind == .sum else { continue }
                summed[result.buffer] = result
                // At its bound where another symbol counts too.
                let count = result.type.shape.elementCount.bound ?? 0
                let offset = sums.last.map { $0.offset + $0.elementCount } ?? 0
                sums.append(
                    .init(buffer: result.buffer, elementCount: count, offset: offset, step: index))
            }
        }
        let stagedOut = made.values.filter { value in
            readAfter.contains(value.buffer) && summed[value.buffer] == nil
                && !stagedIn.contains { $0.buffer == value.buffer }
        }.sorted { $0.buffer < $1.buffer }.map {
            BatchSlicing.Staged(buffer: $0.buffer, type: $0.type)
        }
        let (offsets, memory) = try layout(made, stagedIn, kept: Set(stagedOut.map(\.buffer)))
        let entryCount = max(1, min(size.entryCount, region.symbol.bound))
        let sliceCount = (region.symbol.bound + entryCount - 1) / entryCount
        return BatchSlicing(
            symbol: region.symbol, steps: run, sliceBound: entryCount,
            slicesPerGroup: max(1, (sliceCount + size.groupCount - 1) / max(1, size.groupCount)),
            offsets: offsets, stagedIn: stagedIn, stagedOut: stagedOut, sums: sums,
            memory: memory)
    }

    /// Places in the slice's memory. A sum's contribution lives only while it is being added.
    private func layout(
        _ made: [Int: PlanValue], _ stagedIn: [BatchSlicing.Staged], kept: Set<Int>
    ) throws -> (offsets: [Int: Int], memory: MemoryPlan) {
        var buffers = original.buffers
        for buffer in buffers.indices { buffers[buffer].storage = .input }
        for value in made.values {
            guard let byteCount = value.type.shape.boundByteCount(of: value.type.dtype) else {
                continue
            }
            buffers[value.buffer].byteCount = byteCount
            buffers[value.buffer].storage = .arena(byteOffset: 0)
        }
        // The copies in come first.
        let copies = stagedIn.map { staged in
            PlanStep(
                work: .copy, operands: [],
                results: [PlanValue(buffer: staged.buffer, type: staged.type)], path: "")
        }
        let layout = try ArenaLayout(steps: copies + inside, buffers: buffers, kept: kept)
        var offsets: [Int: Int] = [:]
        for buffer in made.keys {
            if case .arena(let offset) = layout.buffers[buffer].storage { offsets[buffer] = offset }
        }
        return (offsets, layout.memory)
    }
}
