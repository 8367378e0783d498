/// Checks a plan by the definition, pair by pair; shares no code with the planner.
public enum MemoryPlanValidator {
    /// - Throws: `MemoryPlanError` naming the buffers, if an offset is missing, outside the arena
    ///   or not aligned, if buffers that must share do not, or if two buffers live in one step
    ///   overlap without a permission.
    public static func validate(_ plan: MemoryPlan) throws {
        let buffers = plan.problem.buffers
        guard plan.offsets.count == buffers.count else {
            throw MemoryPlanError.wrongOffsetCount(
                offsets: plan.offsets.count, buffers: buffers.count)
        }
        for index in buffers.indices { try checkPlace(of: index, in: plan) }
        let owners = buffers.indices.map { owner(of: $0, in: buffers) }
        let lifetimes = lifetimes(of: buffers, owners: owners)
        for index in buffers.indices {
            for other in buffers.indices.dropFirst(index + 1) where owners[index] != owners[other] {
                try checkPair(index, other, in: plan, lifetimes: lifetimes)
            }
        }
    }

    private static func checkPlace(of index: Int, in plan: MemoryPlan) throws {
        let buffer = plan.problem.buffers[index]
        let offset = plan.offsets[index]
        let reference = BufferReference(buffer, at: index)
        let (end, overflowed) = offset.addingReportingOverflow(buffer.byteCount)
        guard offset >= 0, !overflowed, end <= plan.peakByteCount else {
            throw MemoryPlanError.misplaced(
                reference, offset: offset, byteCount: buffer.byteCount,
                peakByteCount: plan.peakByteCount)
        }
        guard offset % buffer.alignmentByteCount == 0 else {
            throw MemoryPlanError.misaligned(
                reference, offset: offset, alignmentByteCount: buffer.alignmentByteCount)
        }
        guard case .must(let other) = buffer.sharing else { return }
        guard offset == plan.offsets[other] else {
            throw MemoryPlanError.separated(
                reference, offset: offset,
                from: BufferReference(plan.problem.buffers[other], at: other),
                otherOffset: plan.offsets[other])
        }
    }

    /// The buffer at the end of the chain of `.must`.
    private static func owner(of index: Int, in buffers: [MemoryBuffer]) -> Int {
        var owner = index
        while case .must(let next) = buffers[owner].sharing { owner = next }
        return owner
    }

    /// A buffer's bytes are taken as long as anything of its chain still needs them.
    private static func lifetimes(of buffers: [MemoryBuffer], owners: [Int]) -> [ClosedRange<Int>] {
        var lifetimes = buffers.map { $0.firstUse...$0.lastUse }
        for (index, owner) in owners.enumerated() {
            let (own, chain) = (buffers[index].firstUse...buffers[index].lastUse, lifetimes[owner])
            lifetimes[owner] =
                min(own.lowerBound, chain.lowerBound)...max(own.upperBound, chain.upperBound)
        }
        return owners.map { lifetimes[$0] }
    }

    private static func checkPair(
        _ index: Int, _ other: Int, in plan: MemoryPlan, lifetimes: [ClosedRange<Int>]
    ) throws {
        let buffers = plan.problem.buffers
        guard lifetimes[index].overlaps(lifetimes[other]) else { return }
        let bytes = plan.offsets[index]..<plan.offsets[index] + buffers[index].byteCount
        let otherBytes = plan.offsets[other]..<plan.offsets[other] + buffers[other].byteCount
        guard bytes.overlaps(otherBytes) else { return }
        let sharesByPermission =
            plan.offsets[index] == plan.offsets[other]
            && (hasPermission(index, toReplace: other, in: plan.problem, lifetimes: lifetimes)
                || hasPermission(other, toReplace: index, in: plan.problem, lifetimes: lifetimes))
        guard !sharesByPermission else { return }
        throw MemoryPlanError.overlap(
            BufferReference(buffers[index], at: index), bytes: bytes,
            BufferReference(buffers[other], at: other), otherBytes: otherBytes,
            step: max(lifetimes[index].lowerBound, lifetimes[other].lowerBound))
    }

    /// Whether a chain may begin in the place of another in the one step both live.
    private static func hasPermission(
        _ later: Int, toReplace earlier: Int, in problem: MemoryProblem,
        lifetimes: [ClosedRange<Int>]
    ) -> Bool {
        let buffers = problem.buffers
        let laterOwner = owner(of: later, in: buffers)
        let earlierOwner = owner(of: earlier, in: buffers)
        guard case .may(let places) = buffers[laterOwner].sharing,
            lifetimes[later].lowerBound == lifetimes[earlier].upperBound
        else { return false }
        return places.contains { owner(of: $0, in: buffers) == earlierOwner }
            && byteCount(ofChain: laterOwner, in: buffers)
                <= byteCount(ofChain: earlierOwner, in: buffers)
    }

    private static func byteCount(ofChain owner: Int, in buffers: [MemoryBuffer]) -> Int {
        let chain = buffers.indices.filter { self.owner(of: $0, in: buffers) == owner }
        return chain.map { buffers[$0].byteCount }.max() ?? 0
    }
}
