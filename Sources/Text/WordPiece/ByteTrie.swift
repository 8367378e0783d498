/// A set of byte strings with a number each, as a double array (Aoe 1989): from a node, a byte
/// leads to the next node with one look-up, so the longest match costs a step per byte.
///
/// Immutable once built, which is why it may be shared between threads.
final class ByteTrie: @unchecked Sendable {
    private struct Unit {
        /// The children are at `base + byte`.
        var base: Int32
        /// The parent; -1 where the unit is free.
        var parent: Int32
        /// The number of the string that ends here; -1 if none does.
        var value: Int32
    }

    static let root: Int32 = 0

    private let units: UnsafeMutablePointer<Unit>
    private let count: Int

    /// A trie of `keys`, which are distinct; key i has the number `values[i]`.
    init(keys: [[UInt8]], values: [Int32]) {
        var builder = Builder(keys: keys, values: values)
        builder.build()
        // Every base is followed by 256 units, so a step needs no check against the end.
        count = builder.units.count
        units = .allocate(capacity: count)
        builder.units.withUnsafeBufferPointer { built in
            guard let base = built.baseAddress else { return }
            units.initialize(from: base, count: count)
        }
    }

    deinit {
        units.deinitialize(count: count)
        units.deallocate()
    }

    /// The node that `byte` leads to from `node`; -1 if there is none.
    @inline(__always)
    func step(_ node: Int32, _ byte: UInt8) -> Int32 {
        let next = units[Int(node)].base + Int32(byte)
        return units[Int(next)].parent == node ? next : -1
    }

    /// The number of the string that ends at `node`; -1 if none does.
    @inline(__always)
    func value(_ node: Int32) -> Int32 { units[Int(node)].value }

    /// The node that `bytes` lead to from the root; -1 if there is none.
    func node(of bytes: [UInt8]) -> Int32 {
        var node = Self.root
        for byte in bytes {
            node = step(node, byte)
            if node < 0 { return -1 }
        }
        return node
    }

    /// The number of `bytes`; -1 if they are not in the set.
    func value(of bytes: [UInt8]) -> Int32 {
        let node = node(of: bytes)
        return node < 0 ? -1 : value(node)
    }

    // MARK: Building

    private struct Builder {
        /// Keys in order, so that the keys below a node are a range.
        let keys: [[UInt8]]
        let values: [Int32]
        var units: [Unit] = []
        /// No unit before this one is free.
        private var firstFree = 1

        private struct Pending {
            let node: Int
            let keys: Range<Int>
            let depth: Int
        }

        private struct Child {
            let byte: UInt8
            let keys: Range<Int>
        }

        /// Of the node that is expanded; kept, so that a node takes no memory of its own.
        private var children: [Child] = []

        init(keys: [[UInt8]], values: [Int32]) {
            let order = keys.indices.sorted { keys[$0].lexicographicallyPrecedes(keys[$1]) }
            self.keys = order.map { keys[$0] }
            self.values = order.map { values[$0] }
        }

        /// Breadth first, with a queue of its own: a key may be as long as a file.
        mutating func build() {
            units = [Unit](
                repeating: Unit(base: 0, parent: -1, value: -1), count: 512)
            units[0].parent = 0
            var queue = [Pending(node: 0, keys: 0..<keys.count, depth: 0)]
            var head = 0
            while head < queue.count {
                expand(queue[head], &queue)
                head += 1
                if head == 1 << 16 {
                    queue.removeFirst(head)
                    head = 0
                }
            }
        }

        private mutating func expand(_ pending: Pending, _ queue: inout [Pending]) {
            var first = pending.keys.lowerBound
            if first < pending.keys.upperBound, keys[first].count == pending.depth {
                units[pending.node].value = values[first]
                first += 1
            }
            children.removeAll(keepingCapacity: true)
            while first < pending.keys.upperBound {
                let byte = keys[first][pending.depth]
                var end = first + 1
                while end < pending.keys.upperBound, keys[end][pending.depth] == byte { end += 1 }
                children.append(Child(byte: byte, keys: first..<end))
                first = end
            }
            guard let least = children.first else { return }
            let base = freeBase(least: Int(least.byte))
            units[pending.node].base = Int32(base)
            for child in children {
                let node = base + Int(child.byte)
                units[node].parent = Int32(pending.node)
                queue.append(Pending(node: node, keys: child.keys, depth: pending.depth + 1))
            }
            while firstFree < units.count, units[firstFree].parent >= 0 { firstFree += 1 }
        }

        /// Where all children find a free unit; `least` is the byte of the first.
        private mutating func freeBase(least: Int) -> Int {
            var position = max(firstFree, least + 1)
            var tries = 0
            while true {
                reserve(position - least + 512)
                if units[position].parent < 0, areFree(from: position - least) {
                    return position - least
                }
                position += 1
                tries += 1
                // Crowded: leave the scattered free units and go to the end.
                if tries == 4096 { firstFree = max(firstFree, position - 256) }
            }
        }

        private func areFree(from base: Int) -> Bool {
            for child in children where units[base + Int(child.byte)].parent >= 0 { return false }
            return true
        }

        private mutating func reserve(_ count: Int) {
            guard count > units.count else { return }
            let more = max(count, units.count * 3 / 2) - units.count
            units.append(
                contentsOf: repeatElement(Unit(base: 0, parent: -1, value: -1), count: more))
        }
    }
}
