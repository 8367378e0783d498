/// Some axes of a tensor seen as one last axis, for ops that work along the last axis only.
struct LastAxisView {
    /// The axes, from the front and rising.
    let axes: [Int]
    private let permutation: [Int]
    private let transposed: Shape

    /// - Throws: `LayerError` for axes that do not exist or repeat.
    init(of x: Tensor, axes: [Int], for what: String) throws {
        let resolved = try axes.map { try x.resolve(axis: $0, for: what) }.sorted()
        guard !resolved.isEmpty, Set(resolved).count == resolved.count else {
            throw LayerError(
                path: x.originPath, "\(what): axes \(axes) must be distinct, and at least one")
        }
        self.axes = resolved
        permutation = (0..<x.rank).filter { !resolved.contains($0) } + resolved
        transposed = Shape(permutation.map { x.shape[$0] })
    }

    func enter(_ x: Tensor) throws -> Tensor {
        let last = axes.reduce(Dimension(1)) { $0 * x.shape[$1] }
        let flat = Shape(transposed.dimensions.dropLast(axes.count) + [last])
        return try x.transposed(permutation).reshaped(to: flat)
    }

    func leave(_ x: Tensor) throws -> Tensor {
        var inverse = permutation
        for (place, axis) in permutation.enumerated() { inverse[axis] = place }
        return try x.reshaped(to: transposed).transposed(inverse)
    }
}
