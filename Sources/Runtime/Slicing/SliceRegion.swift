import MartletIR

/// Finds the steps of a plan that can run on a slice of the batch, and puts the others before or
/// after them.
struct SliceRegion {
    let symbol: Symbol
    private(set) var before: [PlanStep] = []
    private(set) var inside: [PlanStep] = []
    private(set) var after: [PlanStep] = []
    /// What each step inside gives.
    private(set) var results: [[SliceResult]] = []

    /// Nil where no symbol named `batch` counts anything, and where the batch is packed: then its
    /// entries do not lie at multiples of their size.
    init?(_ plan: Plan) {
        guard let symbol = plan.symbols.first(where: { $0.name == "batch" }),
            !plan.steps.contains(where: \.packsTokens)
        else { return nil }
        self.symbol = symbol
        let rule = SliceRule(symbol)
        let inputs = Set(plan.inputs.map(\.buffer))
        /// Buffers that hold a slice's results, and those known only when all slices are done.
        var (sliced, late) = (Set<Int>(), Set<Int>())
        for step in plan.steps {
            let operands = step.operands.map(\.buffer)
            let written = step.results.compactMap { $0?.buffer }
            let isUpdate = written.contains { inputs.contains($0) }
            if operands.contains(where: { late.contains($0) }) || isUpdate {
                after.append(step)
                late.formUnion(written)
            } else if let results = rule.results(of: step) {
                inside.append(step)
                self.results.append(results)
                for (index, result) in step.results.enumerated() {
                    guard let result else { continue }
                    if results[index] == .sum {
                        late.insert(result.buffer)
                    } else {
                        sliced.insert(result.buffer)
                    }
                }
            } else if operands.contains(where: { sliced.contains($0) }) {
                after.append(step)
                late.formUnion(written)
            } else {
                before.append(step)
            }
        }
        moveOutWhatOnlyLeaves(outputs: Set(plan.outputs.map(\.value.buffer)))
    }

    /// A step whose results are read only after the run, and whose operands are there then anyway,
    /// had better run then.
    private mutating func moveOutWhatOnlyLeaves(outputs: Set<Int>) {
        var readAfter = Set(after.flatMap { $0.operands.map(\.buffer) }).union(outputs)
        var moved: [PlanStep] = []
        for index in inside.indices.reversed() {
            let step = inside[index]
            let written = step.results.compactMap { $0?.buffer }
            let readInside = inside[(index + 1)...].contains { reader in
                reader.operands.contains { written.contains($0.buffer) }
            }
            let operandsStay = step.operands.allSatisfy { operand in
                readAfter.contains(operand.buffer) || !isMadeInside(operand.buffer)
            }
            guard !readInside, operandsStay, !step.drawsRandomNumbers,
                results[index].allSatisfy({ $0 == .entries })
            else { continue }
            inside.remove(at: index)
            results.remove(at: index)
            moved.insert(step, at: 0)
            readAfter.formUnion(step.operands.map(\.buffer))
        }
        after.insert(contentsOf: moved, at: 0)
    }

    private func isMadeInside(_ buffer: Int) -> Bool {
        inside.contains { $0.results.contains { $0?.buffer == buffer } }
    }
}

extension PlanStep {
    fileprivate var packsTokens: Bool {
        if case .op(.packIndices) = work { true } else { false }
    }

    /// The step as one of a slice: `batch` with the slice's bound.
    func resized(_ symbol: Symbol, to bound: Int) -> PlanStep {
        var step = self
        step.operands = operands.map { $0.resized(symbol, to: bound) }
        step.results = results.map { $0?.resized(symbol, to: bound) }
        switch work {
        case .cluster(let cluster): step.work = .cluster(cluster.resized(symbol, to: bound))
        case .sum(let cluster): step.work = .sum(cluster.resized(symbol, to: bound))
        case .op(.slice(var slice)):
            slice.limits = slice.limits.resized(symbol, to: bound)
            step.work = .op(.slice(slice))
        default: break
        }
        return step
    }
}

extension Cluster {
    fileprivate func resized(_ symbol: Symbol, to bound: Int) -> Cluster {
        var cluster = self
        cluster.shape = shape.resized(symbol, to: bound)
        return cluster
    }
}

extension PlanValue {
    func resized(_ symbol: Symbol, to bound: Int) -> PlanValue {
        var value = self
        value.type.shape = type.shape.resized(symbol, to: bound)
        return value
    }
}

extension Shape {
    /// A batch's shape as a slice's; a slice of one entry has a fixed extent.
    func resized(_ symbol: Symbol, to bound: Int) -> Shape {
        guard rank > 0, self[0] == Dimension(symbol) else { return self }
        let entries = bound == 1 ? Dimension(1) : Dimension(Symbol(symbol.name, bound: bound))
        return Shape([entries] + dimensions.dropFirst())
    }
}
