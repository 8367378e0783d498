/// What the planner places: buffers that must share are one unit, with the union of their
/// lifetimes, the largest size and the largest alignment.
struct AllocationUnits {
    struct Unit {
        var firstUse: Int
        var lastUse: Int
        var byteCount: Int
        var alignmentByteCount: Int
    }

    private(set) var units: [Unit] = []
    /// The unit of each buffer.
    private(set) var unitOfBuffer: [Int] = []
    /// For each unit, the units that may begin at its offset although both live in one step.
    /// Symmetric.
    private(set) var partners: [[Int]] = []

    /// One unit for each chain of buffers that must share.
    init(_ problem: MemoryProblem) {
        let roots = Self.roots(of: problem.buffers)
        unitOfBuffer = [Int](repeating: 0, count: roots.count)
        for (index, root) in roots.enumerated() where index == root {
            unitOfBuffer[index] = units.count
            units.append(Unit(problem.buffers[index]))
        }
        for (index, root) in roots.enumerated() where index != root {
            unitOfBuffer[index] = unitOfBuffer[root]
            units[unitOfBuffer[root]].formUnion(Unit(problem.buffers[index]))
        }
        partners = [[Int]](repeating: [], count: units.count)
        for (index, buffer) in problem.buffers.enumerated() {
            guard case .may(let others) = buffer.sharing else { continue }
            for other in others {
                allow(unitOfBuffer[index], inPlaceOf: unitOfBuffer[other])
            }
        }
    }

    private mutating func allow(_ later: Int, inPlaceOf earlier: Int) {
        guard later != earlier, units[later].firstUse == units[earlier].lastUse,
            units[later].byteCount <= units[earlier].byteCount, units[later].byteCount > 0,
            !partners[later].contains(earlier)
        else { return }
        partners[later].append(earlier)
        partners[earlier].append(later)
    }

    private static func roots(of buffers: [MemoryBuffer]) -> [Int] {
        var roots = [Int](repeating: -1, count: buffers.count)
        for start in buffers.indices where roots[start] < 0 {
            var chain = [start]
            var root = start
            while roots[root] < 0, case .must(let next) = buffers[root].sharing {
                root = next
                chain.append(next)
            }
            if roots[root] >= 0 { root = roots[root] }
            for index in chain { roots[index] = root }
        }
        return roots
    }

    /// Joins units of equal size that may share into one long unit, so that the sharing is sure to
    /// happen. Longer units may pack worse; the planner tries both.
    ///
    /// Units that live for a single step stay apart: joined on both sides they would put three
    /// units on the same bytes in that step, where only neighbours have the permission.
    func joiningEqualSizes() -> AllocationUnits {
        var successor = [Int](repeating: -1, count: units.count)
        var hasPredecessor = [Bool](repeating: false, count: units.count)
        for (later, unit) in units.enumerated() where unit.firstUse < unit.lastUse {
            let earlier = partners[later].first { other in
                units[other].lastUse == unit.firstUse && units[other].byteCount == unit.byteCount
                    && units[other].firstUse < units[other].lastUse && successor[other] < 0
            }
            guard let earlier else { continue }
            successor[earlier] = later
            hasPredecessor[later] = true
        }

        var joined = self
        joined.units = []
        var joinedIndex = [Int](repeating: -1, count: units.count)
        for head in units.indices where !hasPredecessor[head] {
            var whole = units[head]
            var member = head
            joinedIndex[head] = joined.units.count
            while successor[member] >= 0 {
                member = successor[member]
                whole.formUnion(units[member])
                joinedIndex[member] = joined.units.count
            }
            joined.units.append(whole)
        }
        joined.unitOfBuffer = unitOfBuffer.map { joinedIndex[$0] }
        joined.partners = [[Int]](repeating: [], count: joined.units.count)
        for (later, others) in partners.enumerated() {
            for earlier in others where units[later].firstUse == units[earlier].lastUse {
                joined.allow(joinedIndex[later], inPlaceOf: joinedIndex[earlier])
            }
        }
        return joined
    }
}

extension AllocationUnits.Unit {
    init(_ buffer: MemoryBuffer) {
        firstUse = buffer.firstUse
        lastUse = buffer.lastUse
        byteCount = buffer.byteCount
        alignmentByteCount = buffer.alignmentByteCount
    }

    mutating func formUnion(_ other: Self) {
        firstUse = min(firstUse, other.firstUse)
        lastUse = max(lastUse, other.lastUse)
        byteCount = max(byteCount, other.byteCount)
        alignmentByteCount = max(alignmentByteCount, other.alignmentByteCount)
    }
}
