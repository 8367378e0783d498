/// A named extent that is known only at run time, but never above its bound:
/// `batch ≤ 128`.
///
/// Memory is planned at the bound and loops run to the actual extent, so a last partial batch
/// needs no second compilation.
public struct Symbol: Hashable, Sendable, Comparable {
    public let name: String
    /// The largest extent this symbol ever takes (inclusive).
    public let bound: Int

    public init(_ name: String, bound: Int) {
        self.name = name
        self.bound = bound
    }

    public static func < (left: Symbol, right: Symbol) -> Bool { left.name < right.name }
}

/// The extent of one axis: an integer, or a polynomial with integer coefficients over bounded
/// symbols, such as `256*batch` after flattening `[batch, 256]`.
///
/// The polynomial is kept in a normal form, so two dimensions are equal exactly when they are the
/// same polynomial.
public struct Dimension: Hashable, Sendable {
    /// `coefficient · product(symbols)`, symbols sorted by name.
    struct Term: Hashable, Sendable {
        var symbols: [Symbol]
        var coefficient: Int
    }

    private enum Storage: Hashable, Sendable {
        case fixed(Int)
        /// At least one term has a symbol; sorted, no zero coefficient.
        case polynomial([Term])
    }

    private let storage: Storage

    public init(_ extent: Int) { storage = .fixed(extent) }

    public init(_ symbol: Symbol) {
        storage = .polynomial([Term(symbols: [symbol], coefficient: 1)])
    }

    init(terms: [Term]) {
        var sums: [[Symbol]: Int] = [:]
        for term in terms {
            sums[term.symbols, default: 0] &+= term.coefficient
        }
        let kept = sums.filter { $0.value != 0 }
        if kept.isEmpty {
            storage = .fixed(0)
        } else if kept.count == 1, let constant = kept[[]] {
            storage = .fixed(constant)
        } else {
            // Highest degree first, so that `batch*tokens + 3` reads as one writes it.
            storage = .polynomial(
                kept.map { Term(symbols: $0.key, coefficient: $0.value) }
                    .sorted { left, right in
                        left.symbols.count != right.symbols.count
                            ? left.symbols.count > right.symbols.count
                            : left.symbols.lexicographicallyPrecedes(right.symbols)
                    })
        }
    }

    var terms: [Term] {
        switch storage {
        case .fixed(let extent): [Term(symbols: [], coefficient: extent)]
        case .polynomial(let terms): terms
        }
    }

    /// The extent if it is known when the graph is built.
    public var fixed: Int? {
        if case .fixed(let extent) = storage { extent } else { nil }
    }

    /// The symbols this extent depends on.
    public var symbols: Set<Symbol> {
        switch storage {
        case .fixed: []
        case .polynomial(let terms): Set(terms.flatMap(\.symbols))
        }
    }

    /// The largest extent: every symbol at its bound. Nil where it does not fit an `Int`.
    public var bound: Int? { evaluated { $0.bound } }

    /// Whether this is a number of elements whatever the symbols are: no coefficient is negative,
    /// and the bound fits an `Int`.
    var isSize: Bool {
        switch storage {
        case .fixed(let extent): extent >= 0
        case .polynomial(let terms): terms.allSatisfy { $0.coefficient > 0 } && bound != nil
        }
    }

    /// The number of terms: 1 for an integer.
    var termCount: Int {
        switch storage {
        case .fixed: 1
        case .polynomial(let terms): terms.count
        }
    }

    /// The actual extent for given values of the symbols; nil on overflow.
    ///
    /// Assumes non-negative coefficients when used as an upper bound, which every shape rule keeps
    /// except a subtraction by a slice.
    public func evaluated(_ value: (Symbol) -> Int) -> Int? {
        switch storage {
        case .fixed(let extent): return extent
        case .polynomial(let terms):
            var sum = 0
            for term in terms {
                var product = term.coefficient
                for symbol in term.symbols {
                    let (next, overflow) = product.multipliedReportingOverflow(by: value(symbol))
                    if overflow { return nil }
                    product = next
                }
                let (next, overflow) = sum.addingReportingOverflow(product)
                if overflow { return nil }
                sum = next
            }
            return sum
        }
    }

    public static func + (left: Dimension, right: Dimension) -> Dimension {
        if let left = left.fixed, let right = right.fixed { return Dimension(left &+ right) }
        return Dimension(terms: left.terms + right.terms)
    }

    public static func - (left: Dimension, right: Dimension) -> Dimension {
        left + right * Dimension(-1)
    }

    public static func * (left: Dimension, right: Dimension) -> Dimension {
        if let left = left.fixed, let right = right.fixed { return Dimension(left &* right) }
        if left.fixed == 1 { return right }
        if right.fixed == 1 { return left }
        return Dimension(
            terms: left.terms.flatMap { a in
                right.terms.map { b in
                    Term(
                        symbols: (a.symbols + b.symbols).sorted(),
                        coefficient: a.coefficient &* b.coefficient)
                }
            })
    }

    /// The exact quotient, or nil where the division leaves a remainder or the divisor has more
    /// than one term.
    public func divided(by divisor: Dimension) -> Dimension? {
        guard divisor.terms.count == 1, let by = divisor.terms.first, by.coefficient != 0 else {
            return self == divisor ? 1 : nil
        }
        var quotient: [Term] = []
        for term in terms {
            guard term.coefficient % by.coefficient == 0 else { return nil }
            var left = term.symbols
            for symbol in by.symbols {
                guard let index = left.firstIndex(of: symbol) else { return nil }
                left.remove(at: index)
            }
            quotient.append(Term(symbols: left, coefficient: term.coefficient / by.coefficient))
        }
        return Dimension(terms: quotient)
    }
}

extension Dimension: ExpressibleByIntegerLiteral {
    public init(integerLiteral value: Int) { self.init(value) }
}

extension Dimension: CustomStringConvertible {
    /// As in the textual IR: `128`, `batch`, `256*batch`, `batch*tokens + 3`.
    public var description: String {
        var text = ""
        for (index, term) in terms.enumerated() {
            let names = term.symbols.map(\.name).joined(separator: "*")
            let magnitude = abs(term.coefficient)
            let factor =
                names.isEmpty
                ? "\(magnitude)" : magnitude == 1 ? names : "\(magnitude)*\(names)"
            if index == 0 {
                text += term.coefficient < 0 ? "-" + factor : factor
            } else {
                text += (term.coefficient < 0 ? " - " : " + ") + factor
            }
        }
        return text
    }
}
