import Foundation
import GraphTestSupport
import MartletIR
import Testing

/// The catalogue of ops is whole: each has an example, a name the parser knows, and a row in
/// docs/ir.md.
struct CatalogueTests {
    /// Examples, and an input, which is no example since nothing computes it.
    private static let ops =
        OpExample.all.map(\.op)
        + [.input(Input("x", role: .data, type: TensorType(.f32, [2])))]

    /// No `default`: a new case does not compile until it is given a number here, and has no
    /// example until one is written.
    private static func caseNumber(_ op: Op) -> Int {
        switch op {
        case .input: 0
        case .constant: 1
        case .iota: 2
        case .dimensionSize: 3
        case .randomBits: 4
        case .unary: 5
        case .binary: 6
        case .compare: 7
        case .select: 8
        case .convert: 9
        case .broadcastInDim: 10
        case .reshape: 11
        case .transpose: 12
        case .slice: 13
        case .pad: 14
        case .concatenate: 15
        case .gather: 16
        case .scatterAdd: 17
        case .dotGeneral: 18
        case .reduce: 19
        case .argMax: 20
        case .softmax: 21
        case .logSoftmax: 22
        case .gelu: 23
        case .dropout: 24
        case .embedding: 25
        case .embeddingGradient: 26
        case .biasActivation: 27
        case .biasActivationGradient: 28
        case .layerNorm: 29
        case .layerNormGradient: 30
        case .attention: 31
        case .attentionGradient: 32
        case .softmaxCrossEntropy: 33
        case .softmaxCrossEntropyGradient: 34
        case .sgdUpdate: 35
        case .adamUpdate: 36
        case .packIndices: 37
        case .packTokens: 38
        case .unpackTokens: 39
        case .packedAttention: 40
        case .packedAttentionGradient: 41
        case .embeddingAdamUpdate: 42
        }
    }

    @Test func everyOpHasAnExample() {
        let found = Set(Self.ops.map(Self.caseNumber))
        #expect(found == Set(0...42))
        #expect(Set(Self.ops.map(\.name)) == Set(Op.names))
    }

    @Test func everyOpHasARowInTheDocumentation() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "docs/ir.md")
        let text = try String(contentsOf: file, encoding: .utf8)
        let documented = text.split(separator: "\n").compactMap { line -> String? in
            guard line.hasPrefix("| `") else { return nil }
            return line.dropFirst(3).prefix { $0 != "`" }.description
        }
        #expect(documented.sorted() == Op.names)
    }

    /// The example in the documentation is what the printer prints.
    @Test func theDocumentedGraphReadsBack() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "docs/ir.md")
        let text = try String(contentsOf: file, encoding: .utf8)
        let blocks = text.components(separatedBy: "```\n")
        let example = try #require(blocks.first { $0.hasPrefix("graph \"") })
        #expect(try Graph(parsing: example).text == example)
    }

    @Test(arguments: ops)
    func everyOpHasAKernelOrAMeaning(_ op: Op) {
        let isPrimitive = op.operation is any PrimitiveOperation
        #expect(isPrimitive != (op.composite != nil))
        #expect(TestName.isSnakeCase(op.name))
        for attribute in op.operation.attributes {
            #expect(TestName.isSnakeCase(attribute.name))
        }
    }
}

private enum TestName {
    static func isSnakeCase(_ name: String) -> Bool {
        !name.isEmpty && name.allSatisfy { $0.isLowercase || $0.isNumber || $0 == "_" }
    }
}
