/// Reads the generated tables: numbers in base 36 with spaces between.
struct TableNumbers: Sequence, IteratorProtocol {
    private var bytes: String.UTF8View.Iterator

    init(_ text: String) { bytes = text.utf8.makeIterator() }

    mutating func next() -> Int? {
        var value: Int?
        while let byte = bytes.next() {
            switch byte {
            case 0x30...0x39: value = (value ?? 0) * 36 + Int(byte - 0x30)
            case 0x61...0x7A: value = (value ?? 0) * 36 + Int(byte - 0x61) + 10
            default: if let value { return value }
            }
        }
        return value
    }

    /// The next `count` numbers; `nil` at the end.
    mutating func next(_ count: Int) -> [Int]? {
        let values = (0..<count).compactMap { _ in next() }
        return values.count == count ? values : nil
    }

    /// The ranges of a table of gaps and lengths.
    static func ranges(_ text: String) -> [Range<Int>] {
        var numbers = TableNumbers(text)
        var ranges: [Range<Int>] = []
        var end = 0
        while let pair = numbers.next(2) {
            ranges.append((end + pair[0])..<(end + pair[0] + pair[1]))
            end += pair[0] + pair[1]
        }
        return ranges
    }
}

/// A value for each Unicode scalar, in pages of 256 that are shared while uniform.
struct UnicodeTable<Value: Equatable & Sendable>: Sendable {
    private var pageOfBlock: [UInt16]
    private var values: [Value]
    /// Pages that one value fills, which several blocks may share.
    private var uniformPages: [(value: Value, page: UInt16)]

    private static var blockCount: Int { 0x110000 / 256 }

    init(_ value: Value) {
        pageOfBlock = [UInt16](repeating: 0, count: Self.blockCount)
        values = [Value](repeating: value, count: 256)
        uniformPages = [(value: value, page: 0)]
    }

    /// The value of the scalar `code`, which is below 0x110000.
    @inline(__always)
    subscript(code: Int) -> Value {
        get { values[Int(pageOfBlock[code >> 8]) << 8 | code & 0xFF] }
        set { fill(code..<(code + 1), newValue) }
    }

    /// Lends the pages for hot loops.
    @inline(__always)
    func withPages<Result>(
        _ body: (UnsafePointer<UInt16>, UnsafePointer<Value>) throws -> Result
    ) rethrows -> Result? {
        try pageOfBlock.withUnsafeBufferPointer { pages in
            try values.withUnsafeBufferPointer { values in
                guard let pages = pages.baseAddress, let values = values.baseAddress else {
                    return nil
                }
                return try body(pages, values)
            }
        }
    }

    mutating func fill(_ range: Range<Int>, _ value: Value) {
        var code = range.lowerBound
        while code < range.upperBound {
            let block = code >> 8
            let end = min((block + 1) << 8, range.upperBound)
            if end - code == 256 {
                pageOfBlock[block] = uniformPage(value)
            } else {
                let page = ownPage(of: block)
                for i in code..<end { values[page << 8 | i & 0xFF] = value }
            }
            code = end
        }
    }

    private mutating func uniformPage(_ value: Value) -> UInt16 {
        if let known = uniformPages.first(where: { $0.value == value }) { return known.page }
        let page = UInt16(values.count >> 8)
        values.append(contentsOf: repeatElement(value, count: 256))
        uniformPages.append((value: value, page: page))
        return page
    }

    private mutating func ownPage(of block: Int) -> Int {
        let page = pageOfBlock[block]
        guard uniformPages.contains(where: { $0.page == page }) else { return Int(page) }
        let own = values.count >> 8
        values.append(contentsOf: values[(Int(page) << 8)..<(Int(page) << 8 + 256)])
        pageOfBlock[block] = UInt16(own)
        return own
    }
}

/// Canonical combining classes: the order of marks after one letter.
struct CombiningClasses: Sendable {
    private var table = UnicodeTable<UInt8>(0)
    /// The scalars that have one.
    private(set) var ranges: [Range<Int>] = []

    /// Decodes runs of gap, count and class.
    init(_ text: String) {
        var numbers = TableNumbers(text)
        var end = 0
        while let run = numbers.next(3) {
            let range = (end + run[0])..<(end + run[0] + run[1])
            table.fill(range, UInt8(run[2]))
            ranges.append(range)
            end = range.upperBound
        }
    }

    subscript(code: Int) -> UInt8 { table[code] }
}
