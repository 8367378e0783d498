/// Reads types, shapes and dimensions of the textual IR, and knows the declared symbols.
struct TypeParser {
    private var symbols: [String: Symbol] = [:]

    /// More axes than any tensor has; keeps hostile text cheap.
    private static let rankLimit = 32
    /// More terms than any shape rule makes of a few symbols.
    private static let termLimit = 16

    /// `(batch <= 128, tokens <= 16384)`
    mutating func declareSymbols(_ scanner: inout TextScanner) throws {
        try scanner.expect("(")
        if scanner.accept(")") { return }
        repeat {
            scanner.skipSpace()
            let start = scanner.position
            let name = try scanner.word("the name of a symbol")
            try scanner.expect("<")
            try scanner.expect("=")
            let bound = try scanner.integer("the largest extent of \(name)")
            guard bound >= 1 else {
                throw scanner.error(
                    "symbol \(name): the bound must be at least 1, received \(bound)", at: start)
            }
            guard symbols.updateValue(Symbol(name, bound: bound), forKey: name) == nil else {
                throw scanner.error("symbol \(name) is declared twice", at: start)
            }
        } while scanner.accept(",")
        if !scanner.accept(")") { throw scanner.unexpected("\",\" or \")\"") }
    }

    /// `f32[batch, 32]`
    func type(_ scanner: inout TextScanner) throws -> TensorType {
        scanner.skipSpace()
        let start = scanner.position
        let word = try scanner.word("a type such as f32[batch, 32]")
        guard let dtype = DType(rawValue: word) else {
            let known = DType.allCases.map(\.rawValue).joined(separator: ", ")
            throw scanner.error("\(word) is no element type; known are \(known)", at: start)
        }
        return TensorType(dtype, try shape(&scanner))
    }

    /// `[batch, 256*tokens, 32]`
    func shape(_ scanner: inout TextScanner) throws -> Shape {
        try scanner.expect("[")
        var dimensions: [Dimension] = []
        if scanner.accept("]") { return Shape(dimensions) }
        repeat {
            guard dimensions.count < Self.rankLimit else {
                throw scanner.error("a shape has at most \(Self.rankLimit) axes")
            }
            dimensions.append(try dimension(&scanner))
        } while scanner.accept(",")
        if !scanner.accept("]") { throw scanner.unexpected("\",\" or \"]\"") }
        return Shape(dimensions)
    }

    /// `2*batch*tokens + batch - 3`
    private func dimension(_ scanner: inout TextScanner) throws -> Dimension {
        scanner.skipSpace()
        let start = scanner.position
        var terms: [Dimension.Term] = []
        var isNegative = scanner.accept("-")
        while true {
            terms.append(try term(&scanner, isNegative: isNegative))
            guard terms.count <= Self.termLimit else {
                throw scanner.error("an extent has at most \(Self.termLimit) terms", at: start)
            }
            if scanner.accept("+") {
                isNegative = false
            } else if scanner.accept("-") {
                isNegative = true
            } else {
                break
            }
        }
        // Like terms are added with wrap-around, so their sum is checked first.
        var sum = 0
        for term in terms {
            let (next, overflow) = sum.addingReportingOverflow(
                term.coefficient == .min ? .max : abs(term.coefficient))
            if overflow { throw scanner.error("the extent does not fit 64 bits", at: start) }
            sum = next
        }
        return Dimension(terms: terms)
    }

    private func term(
        _ scanner: inout TextScanner, isNegative: Bool
    ) throws -> Dimension.Term {
        var term = Dimension.Term(symbols: [], coefficient: isNegative ? -1 : 1)
        scanner.skipSpace()
        let start = scanner.position
        repeat {
            scanner.skipSpace()
            guard scanner.startsNumber else {
                term.symbols.append(try symbol(&scanner))
                if term.symbols.count > Self.rankLimit {
                    throw scanner.error("a term has too many symbols", at: start)
                }
                continue
            }
            let factor = try scanner.integer("an extent")
            let (product, overflow) = term.coefficient.multipliedReportingOverflow(by: factor)
            if overflow { throw scanner.error("the extent does not fit 64 bits", at: start) }
            term.coefficient = product
        } while scanner.accept("*")
        term.symbols.sort()
        return term
    }

    private func symbol(_ scanner: inout TextScanner) throws -> Symbol {
        let start = scanner.position
        let name = try scanner.word("an extent: an integer or a symbol")
        guard let symbol = symbols[name] else {
            throw scanner.error(
                "symbol \(name) is not declared; add it to the header: symbols(\(name) <= …)",
                at: start)
        }
        return symbol
    }
}
