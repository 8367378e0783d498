#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// An open-addressing table from hashes of byte strings to the positions 0, 1, 2 … at which
/// they were inserted. It holds no keys: the owner compares them.
///
/// The hashes come from Swift's randomly seeded `Hasher`, so a hostile file cannot aim at
/// collisions.
package struct ByteKeyIndex: Sendable {
    /// The lower half of a key's hash above its position + 1; 0 where free. Both in one word, so
    /// that a look at a slot of a long table is one cache miss. The count is a power of two.
    private var slots: [UInt64]
    private var count = 0

    package init(expectedCount: Int = 0) {
        var capacity = 32
        while capacity < expectedCount * 2 { capacity *= 2 }
        slots = [UInt64](repeating: 0, count: capacity)
    }

    /// The position of the key with this hash for which `isSame` holds.
    @inline(__always)
    package func find(hash: Int, isSame: (Int) -> Bool) -> Int? {
        let hash = UInt32(truncatingIfNeeded: hash)
        var slot = Int(hash) & (slots.count - 1)
        while slots[slot] != 0 {
            if UInt32(truncatingIfNeeded: slots[slot] >> 32) == hash {
                let position = Int(UInt32(truncatingIfNeeded: slots[slot])) - 1
                if isSame(position) { return position }
            }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    /// Gives the next position to a key unless the key is there already; returns the position
    /// of the one that is.
    @inline(__always)
    package mutating func insert(hash: Int, isSame: (Int) -> Bool) -> Int? {
        if let existing = find(hash: hash, isSame: isSame) { return existing }
        count += 1
        if count * 2 > slots.count { grow() }
        place(UInt64(UInt32(truncatingIfNeeded: hash)) << 32 | UInt64(UInt32(count)))
        return nil
    }

    @inline(__always)
    private mutating func place(_ entry: UInt64) {
        var slot = Int(entry >> 32) & (slots.count - 1)
        while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = entry
    }

    private mutating func grow() {
        let entries = slots
        slots = [UInt64](repeating: 0, count: entries.count * 2)
        for entry in entries where entry != 0 { place(entry) }
    }
}

/// Equality of UTF-8 bytes. `==` on strings holds for canonically equivalent ones too.
@inline(__always)
package func haveSameBytes(_ left: String, _ right: String) -> Bool {
    var left = left
    var right = right
    return left.withUTF8 { a in
        right.withUTF8 { b in haveSameBytes(UnsafeRawBufferPointer(a), UnsafeRawBufferPointer(b)) }
    }
}

@inline(__always)
package func haveSameBytes(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer)
    -> Bool
{
    guard left.count == right.count else { return false }
    guard let a = left.baseAddress, let b = right.baseAddress else { return true }
    return memcmp(a, b, left.count) == 0
}

@inline(__always)
package func byteHash(of text: String) -> Int {
    var text = text
    return text.withUTF8 { byteHash(of: UnsafeRawBufferPointer($0)) }
}

@inline(__always)
package func byteHash(of bytes: UnsafeRawBufferPointer) -> Int {
    var hasher = Hasher()
    hasher.combine(bytes: bytes)
    return hasher.finalize()
}
