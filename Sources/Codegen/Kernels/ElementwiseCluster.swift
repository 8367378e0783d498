/// A tensor that takes part in a cluster: for each axis of the cluster's shape the distance in
/// elements between neighbours, 0 where the tensor is broadcast.
package struct ClusterOperand: Hashable, Sendable {
    package var element: ScalarType
    package var strides: [Extent]

    package init(_ element: ScalarType = .float32, strides: [Extent]) {
        self.element = element
        self.strides = strides
    }

    package init(_ element: ScalarType = .float32, strides: [Int]) {
        self.init(element, strides: strides.map { Extent.constant($0) })
    }
}

/// What a cluster stores: a node of its expression, perhaps reduced.
package struct ClusterResult: Hashable, Sendable {
    package var node: Int
    /// As for operands; the strides of reduced axes are not looked at.
    package var strides: [Extent]

    package init(_ node: Int, strides: [Extent]) {
        self.node = node
        self.strides = strides
    }

    package init(_ node: Int, strides: [Int]) {
        self.init(node, strides: strides.map { Extent.constant($0) })
    }
}

/// Kernel: one expression over tensors of any rank, and optionally its sum, maximum or minimum over
/// some axes.
///
/// Buffers: the operands, then the results. Operands may be the results' own buffers (in place), if
/// their strides are equal. float32, `int32` and `int8` (bytes without sign) operands become
/// float32.
package struct ElementwiseCluster: Hashable, Sendable {
    package var shape: [Extent]
    package var operands: [ClusterOperand]
    /// Numbers that are computed from the place, not read: for each, the step along each axis. The
    /// last axis must not move them.
    package var indices: [[Int]]
    package var expression: Expression
    package var results: [ClusterResult]
    package var reduction: Reduction?
    package var reducedAxes: Set<Int>
    /// Reduces each stretch of this many steps of the first reduced axis on its own, into results
    /// `chunkStride` apart.
    package var reductionChunk: Int?
    package var chunkStride: Int

    package init(
        shape: [Extent], operands: [ClusterOperand], indices: [[Int]] = [],
        expression: Expression, results: [ClusterResult], reduction: Reduction? = nil,
        reducedAxes: Set<Int> = [],
        reductionChunk: Int? = nil, chunkStride: Int = 0
    ) {
        self.shape = shape
        self.operands = operands
        self.indices = indices
        self.expression = expression
        self.results = results
        self.reduction = reduction
        self.reducedAxes = reducedAxes
        self.reductionChunk = reductionChunk
        self.chunkStride = chunkStride
    }

    package func lower(to isa: VectorISA, name: String = "cluster") throws -> LoopFunction {
        try check()
        let merged = mergingAxes()
        var lowering = ClusterLowering(cluster: merged, isa: isa, name: name)
        lowering.emit()
        return try lowering.k.finish()
    }

    private func check() throws {
        let ranks = (operands.map(\.strides) + results.map(\.strides)).map(\.count)
        if let wrong = (ranks + indices.map(\.count)).first(where: { $0 != shape.count }) {
            throw CodegenError("cluster: \(wrong) strides for a tensor of rank \(shape.count)")
        }
        if indices.contains(where: { $0.last != 0 }) {
            throw CodegenError("cluster: the last axis moves an index")
        }
        if (reduction == nil) != reducedAxes.isEmpty {
            throw CodegenError("cluster: a reduction needs axes, and axes a reduction")
        }
        if let result = results.first(where: { !expression.nodes.indices.contains($0.node) }) {
            throw CodegenError(
                "cluster: result node \(result.node) of \(expression.nodes.count) nodes")
        }
        for case .operand(let index) in expression.nodes where !operands.indices.contains(index) {
            throw CodegenError("cluster: operand \(index) of \(operands.count) operands")
        }
        for case .index(let number) in expression.nodes where !indices.indices.contains(number) {
            throw CodegenError("cluster: index \(number) of \(indices.count) indices")
        }
        if let axis = reducedAxes.first(where: { !shape.indices.contains($0) }) {
            throw CodegenError("cluster: axis \(axis) of a tensor of rank \(shape.count)")
        }
    }

    /// Joins neighbouring axes that every tensor walks as one, so that fewer loops run longer.
    private func mergingAxes() -> ElementwiseCluster {
        var copy = self
        if copy.shape.isEmpty {
            copy.shape = [1]
            copy.operands = operands.map {
                ClusterOperand($0.element, strides: [Extent.constant(0)])
            }
            copy.results = results.map { ClusterResult($0.node, strides: [Extent.constant(0)]) }
            copy.indices = indices.map { _ in [0] }
        }
        var axis = copy.shape.count - 2
        while axis >= 0 {
            if reductionChunk == nil { copy.merge(axis) }
            axis -= 1
        }
        return copy
    }

    private mutating func merge(_ axis: Int) {
        guard case .constant(let inner) = shape[axis + 1],
            case .constant(let outer) = shape[axis],
            reducedAxes.contains(axis) == reducedAxes.contains(axis + 1)
        else { return }
        let isReduced = reducedAxes.contains(axis)
        let walkAsOne = { (strides: [Extent]) in
            guard case .constant(let far) = strides[axis],
                case .constant(let near) = strides[axis + 1]
            else { return false }
            return far == near * inner
        }
        guard operands.allSatisfy({ walkAsOne($0.strides) }),
            indices.allSatisfy({ $0[axis] == $0[axis + 1] * inner }),
            isReduced || results.allSatisfy({ walkAsOne($0.strides) })
        else { return }
        shape[axis] = .constant(outer * inner)
        shape.remove(at: axis + 1)
        for index in operands.indices { operands[index].strides.remove(at: axis) }
        for index in results.indices { results[index].strides.remove(at: axis) }
        for index in indices.indices { indices[index].remove(at: axis) }
        reducedAxes = Set(reducedAxes.filter { $0 != axis + 1 }.map { $0 > axis ? $0 - 1 : $0 })
    }
}
