/// Distinct byte strings, numbered in the order of their first insertion.
///
/// Keys are bytes because Swift's `String` equality merges canonically equivalent spellings
/// (`é` and `e` + U+0301), which are different tokens. Hashing is the standard library's seeded
/// SipHash, so that texts cannot be crafted to collide; nothing depends on the order of slots.
struct TokenTable: Sendable {
    private var bytes: [UInt8] = []
    /// Token `i` is `bytes[starts[i]..<starts[i + 1]]`.
    private var starts: [Int] = [0]
    private var hashes: [UInt32] = []
    /// Open addressing with linear probing, at most half full: index + 1, or 0 if empty.
    private var slots: [UInt32] = Array(repeating: 0, count: 16)

    var count: Int { hashes.count }

    subscript(index: Int) -> ArraySlice<UInt8> {
        bytes[starts[index]..<starts[index + 1]]
    }

    func string(at index: Int) -> String {
        String(decoding: self[index], as: UTF8.self)
    }

    /// Compares two tokens by their bytes, as unsigned numbers.
    func precedes(_ left: Int, _ right: Int) -> Bool {
        self[left].lexicographicallyPrecedes(self[right])
    }

    /// The index of the token, which is added if it is new.
    mutating func insert(_ token: UnsafeBufferPointer<UInt8>) -> Int {
        let hash = Self.hash(token)
        let (slot, found) = withLookup { $0.probe(token, hash: hash) }
        if let found { return found }
        let index = count
        bytes.append(contentsOf: token)
        starts.append(bytes.count)
        hashes.append(hash)
        slots[slot] = UInt32(index + 1)
        if count * 2 > slots.count { grow() }
        return index
    }

    private mutating func grow() {
        slots = Array(repeating: 0, count: slots.count * 2)
        let mask = slots.count - 1
        for (index, hash) in hashes.enumerated() {
            var slot = Int(hash) & mask
            while slots[slot] != 0 { slot = (slot + 1) & mask }
            slots[slot] = UInt32(index + 1)
        }
    }

    /// Runs `body` with pointers to the table, for loops that look up many tokens.
    func withLookup<Result>(_ body: (Lookup) throws -> Result) rethrows -> Result {
        try bytes.withUnsafeBufferPointer { bytes in
            try starts.withUnsafeBufferPointer { starts in
                try hashes.withUnsafeBufferPointer { hashes in
                    try slots.withUnsafeBufferPointer { slots in
                        try body(
                            Lookup(bytes: bytes, starts: starts, hashes: hashes, slots: slots))
                    }
                }
            }
        }
    }

    static func hash(_ token: UnsafeBufferPointer<UInt8>) -> UInt32 {
        var hasher = Hasher()
        hasher.combine(bytes: UnsafeRawBufferPointer(token))
        return UInt32(truncatingIfNeeded: hasher.finalize())
    }

    struct Lookup {
        fileprivate let bytes: UnsafeBufferPointer<UInt8>
        fileprivate let starts: UnsafeBufferPointer<Int>
        fileprivate let hashes: UnsafeBufferPointer<UInt32>
        fileprivate let slots: UnsafeBufferPointer<UInt32>

        func index(of token: UnsafeBufferPointer<UInt8>) -> Int? {
            probe(token, hash: TokenTable.hash(token)).found
        }

        /// The slot where the token is, or would be put.
        fileprivate func probe(
            _ token: UnsafeBufferPointer<UInt8>, hash: UInt32
        ) -> (slot: Int, found: Int?) {
            let mask = slots.count - 1
            var slot = Int(hash) & mask
            while slots[slot] != 0 {
                let index = Int(slots[slot]) - 1
                if hashes[index] == hash, isToken(index, token) { return (slot, index) }
                slot = (slot + 1) & mask
            }
            return (slot, nil)
        }

        private func isToken(_ index: Int, _ token: UnsafeBufferPointer<UInt8>) -> Bool {
            let start = starts[index]
            guard starts[index + 1] - start == token.count else { return false }
            for offset in 0..<token.count where bytes[start + offset] != token[offset] {
                return false
            }
            return true
        }
    }
}
