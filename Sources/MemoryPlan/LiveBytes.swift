/// The step in which most bytes are live.
struct BusiestStep: Hashable {
    var step = 0
    var byteCount = 0
}

extension AllocationUnits {
    /// No arena can be smaller than the bytes live in the busiest step.
    ///
    /// Units that may share count once in the step they share. Of the ways to pair them the bound
    /// assumes one at least as good as the best: it may be lower than possible, never higher.
    ///
    /// - Parameter granuleByteCount: sizes are rounded up to a multiple of it. Where it divides
    ///   all alignments, the arena's size rounded up the same way is still bounded.
    func busiestStep(granuleByteCount: Int = 1) -> BusiestStep {
        let sizes = units.map { ($0.byteCount + (granuleByteCount - 1)) & -granuleByteCount }
        let byFirstUse = units.indices.sorted { units[$0].firstUse < units[$1].firstUse }
        let byLastUse = units.indices.sorted { units[$0].lastUse < units[$1].lastUse }
        var busiest = BusiestStep()
        var live = 0
        var ended = 0
        var begun = 0
        while begun < byFirstUse.count {
            let step = units[byFirstUse[begun]].firstUse
            let firstOfStep = begun
            while ended < byLastUse.count, units[byLastUse[ended]].lastUse < step {
                live -= sizes[byLastUse[ended]]
                ended += 1
            }
            while begun < byFirstUse.count, units[byFirstUse[begun]].firstUse == step {
                live += sizes[byFirstUse[begun]]
                begun += 1
            }
            let saved = sharedByteCount(of: byFirstUse[firstOfStep..<begun], sizes: sizes)
            if live - saved > busiest.byteCount {
                busiest = BusiestStep(step: step, byteCount: live - saved)
            }
        }
        return busiest
    }

    /// What the units beginning in a step can save at most by taking the place of units that end
    /// in it: each takes one place, and each place is taken once.
    private func sharedByteCount(of beginning: ArraySlice<Int>, sizes: [Int]) -> Int {
        var savedByTakers = 0
        var largestTaker: [Int: Int] = [:]
        for later in beginning {
            let places = partners[later].filter { units[$0].lastUse == units[later].firstUse }
            guard !places.isEmpty else { continue }
            savedByTakers += sizes[later]
            for place in places {
                largestTaker[place] = max(largestTaker[place] ?? 0, sizes[later])
            }
        }
        return min(savedByTakers, largestTaker.values.reduce(0, +))
    }
}
