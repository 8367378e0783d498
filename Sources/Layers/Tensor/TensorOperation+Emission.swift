extension TensorOperation {
    /// Writes the operation into a trace. The result carries no mask, as with Keras's raw
    /// operations.
    func emit(_ operands: [Tensor], in tracer: Tracer) throws -> Tensor {
        switch self {
        case .attachMask: return operands[0].attaching(mask: operands[1])
        case .detachMask: return operands[0].attaching(mask: nil)
        case .activation(let function): return try function.emit(operands[0], in: tracer)
        default: break
        }
        let values = try operands.map { try tracer.value($0) }
        return tracer.tensor(try emit(values, operands, in: tracer))
    }

    private func emit(
        _ values: [Value], _ operands: [Tensor], in tracer: Tracer
    ) throws -> Value {
        let b = tracer.builder
        switch self {
        case .unary(let kind): return try b.unary(kind, values[0])
        case .binary(let kind):
            let (x, y) = try tracer.broadcast(values[0], values[1], for: kind.rawValue)
            return try b.binary(kind, x, y)
        case .binaryWithScalar(let kind, let scalar, let scalarIsLeft):
            let other = try b.splat(scalar, operands[0].type)
            return scalarIsLeft
                ? try b.binary(kind, other, values[0]) : try b.binary(kind, values[0], other)
        case .compare(let direction):
            let (x, y) = try tracer.broadcast(values[0], values[1], for: "compare")
            return try b.compare(direction, x, y)
        case .compareWithScalar(let direction, let scalar):
            return try b.compare(direction, values[0], b.splat(scalar, operands[0].type))
        case .select: return try emitSelect(values, in: tracer)
        case .softmax(let axis):
            return try b.append(.softmax(MartletIR.Softmax(axis: axis)), values[0])
        case .convert(let dtype): return try b.convert(values[0], to: tracer.resolve(dtype))
        case .reshape(let extents):
            let shape = try Self.shape(extents, of: operands[0])
            return try b.reshape(values[0], shape)
        case .broadcastLike: return try tracer.broadcast(values[0], to: operands[1].shape)
        case .transpose(let permutation): return try b.transpose(values[0], permutation)
        case .slice(let axis, let lower, let upper):
            return try emitSlice(operands[0], values[0], axis, lower, upper, in: tracer)
        case .concatenate(let axis): return try b.concatenate(values, axis: axis)
        case .reduce(let reduction, let axes, let keepsAxes):
            return try emitReduction(
                reduction, operands[0], values[0], axes, keepsAxes, in: tracer)
        case .argMax(let axis): return try b.append(.argMax(ArgMax(axis: axis)), values[0])
        case .matmul: return try emitMatmul(values, operands, in: tracer)
        case .einsum(let equation):
            return try Einsum(equation, operands: operands.map(\.shape), at: tracer.path)
                .emit(values[0], values[1], in: b)
        case .gather: return try b.gather(values[0], values[1])
        case .attachMask, .detachMask, .activation: return values[0]
        }
    }

    private func emitSelect(_ values: [Value], in tracer: Tracer) throws -> Value {
        let b = tracer.builder
        let branches = try Broadcasting.shape(
            b.type(of: values[1]).shape, b.type(of: values[2]).shape, for: "where",
            at: tracer.path)
        let shape = try Broadcasting.shape(
            b.type(of: values[0]).shape, branches, for: "where", at: tracer.path)
        return try b.select(
            tracer.broadcast(values[0], to: shape), tracer.broadcast(values[1], to: shape),
            tracer.broadcast(values[2], to: shape))
    }

    private func emitSlice(
        _ x: Tensor, _ value: Value, _ axis: Int, _ lower: Int, _ upper: Int?, in tracer: Tracer
    ) throws -> Value {
        var starts = [Int](repeating: 0, count: x.rank)
        var limits = x.shape
        starts[axis] = lower
        if let upper { limits.dimensions[axis] = Dimension(upper) }
        return try tracer.builder.slice(value, starts: starts, limits: limits)
    }

    private func emitReduction(
        _ reduction: Reduction, _ x: Tensor, _ value: Value, _ axes: [Int]?, _ keepsAxes: Bool,
        in tracer: Tracer
    ) throws -> Value {
        let b = tracer.builder
        let axes = axes ?? Array(0..<x.rank)
        let result: Value
        switch reduction {
        case .sum: result = try b.reduce(.sum, value, axes: axes)
        case .mean: result = try b.mean(value, axes: axes)
        case .product: result = try b.reduce(.product, value, axes: axes)
        case .max: result = try b.reduce(.max, value, axes: axes)
        case .min: result = try b.reduce(.min, value, axes: axes)
        case .all: result = try b.reduce(.and, value, axes: axes)
        case .any: result = try b.reduce(.or, value, axes: axes)
        }
        guard keepsAxes else { return result }
        var shape = x.shape
        for axis in axes { shape.dimensions[axis] = 1 }
        return try b.reshape(result, shape)
    }

    /// The last axis of the left operand with the last but one of the right; the axes before them
    /// are batches and broadcast.
    private func emitMatmul(
        _ values: [Value], _ operands: [Tensor], in tracer: Tracer
    ) throws -> Value {
        let b = tracer.builder
        let (left, right) = (operands[0], operands[1])
        guard left.rank >= 1, right.rank >= 2 else {
            throw LayerError(
                path: tracer.path,
                "matmul: expected ranks of at least 1 and 2, received \(left) and \(right)")
        }
        if right.rank == 2 {
            return try b.dotGeneral(
                values[0], values[1], leftContracting: [left.rank - 1], rightContracting: [0])
        }
        guard left.rank >= 2 else {
            throw LayerError(
                path: tracer.path, "matmul: expected rank 2 or more, received \(left)")
        }
        let batch = try Broadcasting.shape(
            Shape(Array(left.shape.dimensions.dropLast(2))),
            Shape(Array(right.shape.dimensions.dropLast(2))), for: "matmul", at: tracer.path)
        let x = try tracer.broadcast(
            values[0], to: Shape(batch.dimensions + left.shape.dimensions.suffix(2)))
        let y = try tracer.broadcast(
            values[1], to: Shape(batch.dimensions + right.shape.dimensions.suffix(2)))
        let axes = Array(0..<batch.rank)
        return try b.dotGeneral(
            x, y, leftBatch: axes, rightBatch: axes, leftContracting: [batch.rank + 1],
            rightContracting: [batch.rank])
    }

    /// The result shape of a reshape.
    static func shape(_ extents: [ReshapeExtent], of x: Tensor) throws -> Shape {
        var product: Dimension = 1
        let dimensions: [Dimension?] = extents.map { extent in
            switch extent {
            case .fixed(let count): Dimension(count)
            case .same(let axis): x.shape[axis]
            case .inferred: nil
            }
        }
        for case let dimension? in dimensions { product = product * dimension }
        let written = "[" + dimensions.map { $0?.description ?? "-1" }.joined(separator: ", ") + "]"
        guard let inferred = x.shape.elementCount.divided(by: product),
            dimensions.contains(where: { $0 == nil }) || inferred == 1
        else {
            throw LayerError(
                path: x.originPath,
                "reshape: \(x) has \(x.shape.elementCount) elements, which do not fill \(written)")
        }
        return Shape(dimensions.map { $0 ?? inferred })
    }
}
