import GraphTestSupport
import MartletIR
import MartletPasses
import Testing

/// Input declarations in short: `x: f32[n, 4]`.
struct ShortInputs: ExpressibleByStringLiteral {
    var text: String

    init(stringLiteral value: String) {
        text = value.split(separator: ";").map { declaration in
            let parts = declaration.split(separator: ":", maxSplits: 1)
            let name = parts[0].trimmingSpaces
            let type = parts[1].trimmingSpaces
            let bracket = type.firstIndex(of: "[") ?? type.endIndex
            let role = name == "seed" || name == "step" ? name : "data"
            return "%\(name) = input() {name = \"\(name)\", role = \(role), "
                + "dtype = \(type[..<bracket]), shape = \(type[bracket...])}\n"
        }.joined()
    }
}

extension Substring {
    fileprivate var trimmingSpaces: Substring {
        drop { $0 == " " || $0 == "\n" }
    }
}

/// A graph over `n <= 5` and short inputs.
func parsed(_ inputs: ShortInputs, _ body: String) throws -> Graph {
    try Graph(parsing: "graph \"g\" symbols(n <= 5) {\n\(inputs.text)\(body)\n}")
}

/// Runs a pass on one text and expects another, up to dead code; the pass must have nothing left
/// to do on its result, and both graphs must compute the same.
func expectRewrite(
    _ pass: any Pass, _ inputs: ShortInputs, before: String, after: String,
    tolerance: Double = 1e-9, sourceLocation: SourceLocation = #_sourceLocation
) throws {
    let graph = try parsed(inputs, before)
    let expected = try parsed(inputs, after)
    let once = try EliminateDeadCode().run(pass.run(graph))
    try Verifier.verify(once)
    #expect(
        once == expected, "received:\n\(once)expected:\n\(expected)",
        sourceLocation: sourceLocation)
    let twice = try EliminateDeadCode().run(pass.run(once))
    #expect(twice == once, "the second run gave:\n\(twice)", sourceLocation: sourceLocation)
    try expectSameResults(graph, once, tolerance: tolerance, sourceLocation: sourceLocation)
}

/// Expects a pass to leave a text alone.
func expectUnchanged(
    _ pass: any Pass, _ inputs: ShortInputs, _ body: String,
    sourceLocation: SourceLocation = #_sourceLocation
) throws {
    let graph = try parsed(inputs, body)
    let result = try pass.run(graph)
    #expect(result == graph, "received:\n\(result)", sourceLocation: sourceLocation)
}

/// Expects two graphs of the same inputs to compute the same, in float64, at two extents of n.
func expectSameResults(
    _ left: Graph, _ right: Graph, tolerance: Double,
    sourceLocation: SourceLocation = #_sourceLocation
) throws {
    for extent in [5, 2] {
        let extents = SymbolExtents(["n": extent])
        var choice = SeededChoice(seed: UInt64(extent))
        var inputs: [String: ReferenceTensor] = [:]
        for node in left.inputs {
            guard let input = left.input(at: node) else { continue }
            let shape = try #require(input.type.shape.evaluated { extents($0) })
            let elements = (0..<shape.reduce(1, *)).map { _ in
                input.type.dtype.isFloat
                    ? choice.number(in: -1.5...1.5)
                    : Double(choice.below(2))
            }
            inputs[input.inputName] = ReferenceTensor(
                input.type.dtype, shape: shape, elements: elements)
        }
        let interpreter = ReferenceInterpreter(precision: .float64, extents: extents)
        let (a, b) = try (interpreter.run(left, inputs), interpreter.run(right, inputs))
        #expect(a.keys == b.keys, sourceLocation: sourceLocation)
        for (name, tensor) in a {
            let other = try #require(b[name])
            #expect(tensor.shape == other.shape, sourceLocation: sourceLocation)
            for (x, y) in zip(tensor.elements, other.elements) {
                #expect(
                    x == y || abs(x - y) <= tolerance * max(1, abs(x)),
                    "\(name): \(x) and \(y)", sourceLocation: sourceLocation)
            }
        }
    }
}
