import Foundation

/// A contraction of two operands in Einstein's notation, such as `abc,cde->abde`.
///
/// A letter in both operands and in the result is a batch axis; in both operands but not in the
/// result, it is summed over; in one operand only, it is free. `...` stands for leading axes of
/// the first operand and of the result.
struct Einsum {
    let left, right, result: [Character]
    private let equation: String
    private let path: String

    /// - Throws: `LayerError` where the equation is malformed or does not fit the ranks.
    init(_ equation: String, operands: [Shape], at path: String) throws {
        self.equation = equation
        self.path = path
        func failure(_ message: String) -> LayerError {
            LayerError(path: path, "einsum \"\(equation)\": \(message)")
        }
        let text = equation.filter { !$0.isWhitespace }
        let sides = text.components(separatedBy: "->")
        let inputs = sides[0].split(separator: ",", omittingEmptySubsequences: false)
        guard sides.count == 2, inputs.count == 2, operands.count == 2 else {
            throw failure("expected the form \"ab,bc->ac\"")
        }
        let (leftText, rightText) = (String(inputs[0]), String(inputs[1]))
        var resultText = sides[1]
        var left = leftText
        if leftText.hasPrefix("...") {
            let named = leftText.dropFirst(3)
            let count = operands[0].rank - named.count
            let letters = String(
                "ABCDEFGHIJKLMNOPQRSTUVWXYZ".filter { !text.contains($0) }.prefix(max(count, 0)))
            guard count >= 0, letters.count == count, resultText.hasPrefix("...") else {
                throw failure("\"...\" does not fit an operand of shape \(operands[0])")
            }
            left = letters + named
            resultText = letters + resultText.dropFirst(3)
        }
        self.left = Array(left)
        right = Array(rightText)
        result = Array(resultText)
        for (letters, shape) in [(self.left, operands[0]), (right, operands[1])]
        where letters.count != shape.rank {
            throw failure("\"\(String(letters))\" does not fit an operand of shape \(shape)")
        }
        for letters in [self.left, right, result] {
            guard letters.allSatisfy(\.isLetter), Set(letters).count == letters.count else {
                throw failure("axes must be distinct letters")
            }
        }
        let known = Set(self.left).union(right)
        guard result.allSatisfy({ known.contains($0) }) else {
            throw failure("the result names an axis that no operand has")
        }
        let alone = Set(self.left).symmetricDifference(right)
        guard alone.isSubset(of: result) else {
            throw failure("an axis of one operand only must be in the result")
        }
    }

    var batch: [Character] { left.filter { right.contains($0) && result.contains($0) } }
    var contracted: [Character] { left.filter { right.contains($0) && !result.contains($0) } }

    func emit(_ x: Value, _ y: Value, in b: GraphBuilder) throws -> Value {
        func axes(_ letters: [Character], in operand: [Character]) -> [Int] {
            letters.compactMap { operand.firstIndex(of: $0) }
        }
        let product = try b.dotGeneral(
            x, y, leftBatch: axes(batch, in: left), rightBatch: axes(batch, in: right),
            leftContracting: axes(contracted, in: left),
            rightContracting: axes(contracted, in: right))
        let order =
            batch + left.filter { !right.contains($0) } + right.filter { !left.contains($0) }
        return try b.transpose(product, axes(result, in: order))
    }
}
