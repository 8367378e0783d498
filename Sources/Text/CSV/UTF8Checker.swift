/// Accepts the bytes of well-formed UTF-8 one after another (table 3-7 of the Unicode Standard).
struct UTF8Checker {
    /// How many bytes the current scalar still needs.
    private(set) var pending = 0
    private var allowed: ClosedRange<UInt8> = 0x80...0xBF

    /// Whether the byte may follow those before it.
    mutating func accept(_ byte: UInt8) -> Bool {
        if pending > 0 {
            guard allowed.contains(byte) else { return false }
            allowed = 0x80...0xBF
            pending -= 1
            return true
        }
        switch byte {
        case 0x00...0x7F: break
        case 0xC2...0xDF: expect(1)
        case 0xE0: expect(2, 0xA0...0xBF)
        case 0xED: expect(2, 0x80...0x9F)
        case 0xE1...0xEF: expect(2)
        case 0xF0: expect(3, 0x90...0xBF)
        case 0xF1...0xF3: expect(3)
        case 0xF4: expect(3, 0x80...0x8F)
        default: return false
        }
        return true
    }

    private mutating func expect(_ count: Int, _ range: ClosedRange<UInt8> = 0x80...0xBF) {
        pending = count
        allowed = range
    }
}
