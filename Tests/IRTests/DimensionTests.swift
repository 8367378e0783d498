import GraphTestSupport
import MartletIR
import Testing

/// The algebra of extents: a commutative ring in normal form, and evaluation respects it.
struct DimensionTests {
    private static let symbols = [
        Symbol("a", bound: 7), Symbol("b", bound: 1), Symbol("c", bound: 100),
    ]

    private static func random(_ choice: inout SeededChoice) -> Dimension {
        var sum = Dimension(choice.below(4))
        for _ in 0..<choice.below(4) {
            var term = Dimension(choice.below(5) - 1)
            for _ in 0..<choice.below(3) { term = term * Dimension(choice.of(symbols)) }
            sum = sum + term
        }
        return sum
    }

    @Test(arguments: 0..<200)
    func ringLawsHold(_ seed: Int) {
        var choice = SeededChoice(seed: UInt64(seed))
        let (x, y, z) = (Self.random(&choice), Self.random(&choice), Self.random(&choice))
        #expect(x + y == y + x)
        #expect(x * y == y * x)
        #expect((x + y) + z == x + (y + z))
        #expect((x * y) * z == x * (y * z))
        #expect(x * (y + z) == x * y + x * z)
        #expect(x + 0 == x && x * 1 == x && x * 0 == 0)
        #expect(x - x == 0 && (x + y) - y == x)
        #expect((x + y).hashValue == (y + x).hashValue)
        #expect((x == y) == (x.description == y.description))
    }

    @Test(arguments: 0..<200)
    func evaluationRespectsTheAlgebra(_ seed: Int) throws {
        var choice = SeededChoice(seed: UInt64(seed))
        let (x, y) = (Self.random(&choice), Self.random(&choice))
        let extents = Dictionary(
            uniqueKeysWithValues: Self.symbols.map { ($0, choice.below($0.bound + 1)) })
        func value(_ dimension: Dimension) throws -> Int {
            try #require(dimension.evaluated { extents[$0] ?? 0 })
        }
        #expect(try value(x + y) == value(x) + value(y))
        #expect(try value(x * y) == value(x) * value(y))
        #expect(try value(x - y) == value(x) - value(y))
        if let quotient = (x * y).divided(by: y) { #expect(quotient * y == x * y) }
        // With no coefficient below zero the bound is the largest value.
        if !(x + y).description.contains("-") {
            #expect(try #require((x + y).bound) >= value(x + y))
        }
    }

    @Test func divisionIsExactOrNothing() {
        let (a, b) = (Dimension(Self.symbols[0]), Dimension(Self.symbols[1]))
        #expect((a * 6).divided(by: a * 2) == 3)
        #expect((a * b * 4 + a * 2).divided(by: a * 2) == b * 2 + 1)
        #expect((a * 3).divided(by: 2) == nil)
        #expect((a + 1).divided(by: a) == nil)
        #expect((a + b).divided(by: a + b) == 1)
        #expect((a * a + a * b).divided(by: a + b) == nil)
        #expect(Dimension(4).divided(by: 0) == nil)
    }

    @Test func printsAsItIsWritten() {
        let (a, c) = (Dimension(Self.symbols[0]), Dimension(Self.symbols[2]))
        #expect((c * a * 2 + c - 3).description == "2*a*c + c - 3")
        #expect((a * -1 + 5).description == "-a + 5")
        #expect(Dimension(-4).description == "-4")
        #expect((a * a).description == "a*a")
    }

    @Test func overflowIsNoExtent() {
        let huge = Dimension(Symbol("n", bound: .max))
        #expect((huge * 2).bound == nil)
        #expect((huge + 1).bound == nil)
        #expect(Shape([huge]).boundByteCount(of: .f32) == nil)
        #expect(Shape([huge, 2]).boundByteCount(of: .u8) == nil)
    }
}
