import MartletIR

/// Packing of padded batches, for elements of any type.
enum PackingBindings {
    static func indices(
        _ op: PackIndices, _ step: PlanStep, _ context: BindingContext
    ) -> [Phase] {
        let source = step.operands[0]
        let shape = context.shape(source)
        let (base, dtype) = (context.raw(source), source.type.dtype)
        let indices = step.results[0].map { context.pointer($0, as: Int32.self) }
        let offsets = step.results[1].map { context.pointer($0, as: Int32.self) }
        let expected = op.shape.evaluated { context.extents($0) }?.first ?? 0
        let (failure, path, label) = (context.failure, step.path, step.label)
        return [
            Phase(partCount: 1) { _, _ in
                var count = 0
                offsets?[0] = 0
                for row in 0..<shape[0] {
                    let first = row * shape[1]
                    let kept = PackIndices.keptCount(of: shape[1]) {
                        ElementAccess.load(base, dtype, at: first + $0) != 0
                    }
                    if let indices {
                        for position in 0..<kept where count + position < expected {
                            indices[count + position] = Int32(first + position)
                        }
                    }
                    count += kept
                    offsets?[row + 1] = Int32(count)
                }
                guard expected != count else { return }
                let mismatch = PackedCountMismatch(expected: expected, count: count)
                failure.record(
                    GraphError(path: path, op: label, message: mismatch.description))
            }
        ]
    }

    static func pack(_ step: PlanStep, _ context: BindingContext) -> [Phase]? {
        guard let result = step.results[0] else { return [] }
        let shape = context.shape(step.operands[0])
        let byteCount = shape.dropFirst(2).reduce(1, *) * result.type.dtype.byteCount
        let indices = context.pointer(step.operands[1], as: Int32.self)
        let (from, to) = (context.raw(step.operands[0]), context.raw(result))
        let count = context.elementCount(step.operands[1])
        let check = IndexRange(step, rowCount: shape[0] * shape[1], context)
        return [
            Partition.rows(count, columns: byteCount / 4).phase { tokens, _ in
                for token in tokens {
                    guard let row = check.row(indices[token], position: token) else { return }
                    (to + token * byteCount).copyMemory(
                        from: from + row * byteCount, byteCount: byteCount)
                }
            }
        ]
    }

    /// Parts are blocks of columns, so that equal indices add up in order.
    static func unpack(_ step: PlanStep, _ context: BindingContext) -> [Phase]? {
        guard step.hasOnlyFloat32, step.operands[0].type.dtype == .f32,
            let result = step.results[0]
        else { return nil }
        let shape = context.shape(result)
        let (rowCount, width) = (shape[0] * shape[1], shape.dropFirst(2).reduce(1, *))
        let indices = context.pointer(step.operands[1], as: Int32.self)
        let (from, to) = (context.floats(step.operands[0]), context.floats(result))
        let count = context.elementCount(step.operands[1])
        let check = IndexRange(step, rowCount: rowCount, context)
        return [
            Partition(extent: width, size: 64).phase { columns, _ in
                let (first, length) = (columns.lowerBound, columns.count)
                for row in 0..<rowCount {
                    (to + row * width + first).update(repeating: 0, count: length)
                }
                for token in 0..<count {
                    guard let row = check.row(indices[token], position: token) else { return }
                    let (source, target) = (from + token * width, to + row * width)
                    for column in columns { target[column] += source[column] }
                }
            }
        ]
    }
}

/// Refuses indices outside a tensor's rows.
private struct IndexRange {
    let rowCount: Int
    private let failure: RunFailure
    private let path: String
    private let label: String

    init(_ step: PlanStep, rowCount: Int, _ context: BindingContext) {
        self.rowCount = rowCount
        failure = context.failure
        (path, label) = (step.path, step.label)
    }

    @inline(__always)
    func row(_ index: Int32, position: Int) -> Int? {
        let row = Int(index)
        if row >= 0, row < rowCount { return row }
        refuse(row, position)
        return nil
    }

    private func refuse(_ index: Int, _ position: Int) {
        let error = IndexOutOfRange(index: index, position: position, rowCount: rowCount)
        failure.record(GraphError(path: path, op: label, message: error.description))
    }
}

/// The check of packed sequences' offsets, for kernels that trust them.
package enum OffsetCheck {
    /// That each row's positions follow the row's before, and are no more than there may be.
    package static func phases(
        offsets: PlanValue, mask: PlanValue, indices: PlanValue, _ step: PlanStep,
        _ context: BindingContext
    ) -> [Phase] {
        let values = context.pointer(offsets, as: Int32.self)
        let shape = context.shape(mask)
        let count = context.elementCount(indices)
        let (failure, path, label) = (context.failure, step.path, step.label)
        return [
            Phase(partCount: 1) { _, _ in
                var isOrdered = values[0] == 0 && Int(values[shape[0]]) == count
                for row in 0..<shape[0] where isOrdered {
                    let length = Int(values[row + 1]) - Int(values[row])
                    isOrdered = length >= 0 && length <= shape[1]
                }
                if isOrdered { return }
                failure.record(
                    GraphError(
                        path: path, op: label,
                        message: "the offsets are not those of \(count) positions in \(shape[0]) "
                            + "rows of at most \(shape[1]); take both from one pack_indices"))
            }
        ]
    }
}
