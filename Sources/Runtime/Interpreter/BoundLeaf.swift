import MartletIR

/// A leaf of a cluster at actual extents: where it starts and how far each axis moves it.
///
/// Unchecked: reads plan memory.
struct BoundLeaf: @unchecked Sendable {
    /// Nil for an immediate and for an iota.
    var base: UnsafeMutableRawPointer?
    var dtype: DType
    /// Elements to step over along each of the cluster's axes; 0 where the leaf is repeated.
    var strides: [Int]
    /// An immediate's value.
    var value = 0.0
    /// An iota: strides give the index itself.
    var isIota = false

    init(
        _ leaf: Cluster.Leaf, _ step: PlanStep, _ shape: [Int], _ context: BindingContext
    ) {
        strides = [Int](repeating: 0, count: shape.count)
        switch leaf {
        case .immediate(let value, let dtype):
            self.value = value
            self.dtype = dtype
        case .iota(let axis, let dtype):
            self.dtype = dtype
            isIota = true
            strides[axis] = 1
        case .operand(let index, let axes):
            let operand = step.operands[index]
            base = context.raw(operand)
            dtype = operand.type.dtype
            let extents = context.shape(operand)
            var steps = [Int](repeating: 1, count: extents.count)
            for axis in extents.indices.dropLast().reversed() {
                steps[axis] = steps[axis + 1] * extents[axis + 1]
            }
            for (axis, from) in axes.enumerated() {
                if let from, extents[from] > 1 { strides[axis] = steps[from] }
            }
        }
    }

    /// Merges neighbouring axes over which every leaf moves evenly, and drops axes of extent 1.
    static func mergingAxes(_ shape: [Int], _ leaves: [BoundLeaf]) -> ([Int], [BoundLeaf]) {
        var extents: [Int] = []
        var strides = leaves.map { _ in [Int]() }
        for axis in shape.indices where shape[axis] != 1 {
            let merges =
                !extents.isEmpty
                && leaves.indices.allSatisfy { leaf in
                    strides[leaf][extents.count - 1] == leaves[leaf].strides[axis] * shape[axis]
                }
            if merges {
                extents[extents.count - 1] *= shape[axis]
                for leaf in leaves.indices {
                    strides[leaf][extents.count - 1] = leaves[leaf].strides[axis]
                }
            } else {
                extents.append(shape[axis])
                for leaf in leaves.indices { strides[leaf].append(leaves[leaf].strides[axis]) }
            }
        }
        var merged = leaves
        for leaf in leaves.indices { merged[leaf].strides = strides[leaf] }
        return (extents, merged)
    }

    func fillImmediate(_ block: UnsafeMutableRawPointer) {
        if isIota { return }
        for index in 0..<ClusterKernel.blockSize {
            ElementAccess.store(value, to: block, dtype, at: index)
        }
    }

    /// `count` elements from a column of a row: in place where they lie side by side, else
    /// gathered into `scratch`.
    func block(
        row: Int, column: Int, count: Int, outer extents: [Int], scratch: UnsafeMutableRawPointer
    ) -> UnsafeMutableRawPointer {
        if base == nil && !isIota { return scratch }
        let inner = strides.last ?? 0
        var offset = column * inner
        var rest = row
        for axis in extents.indices.dropLast().reversed() {
            offset += rest % extents[axis] * strides[axis]
            rest /= extents[axis]
        }
        guard let base else {
            for index in 0..<count {
                ElementAccess.store(Double(offset + index * inner), to: scratch, dtype, at: index)
            }
            return scratch
        }
        if inner == 1 { return base + offset * dtype.byteCount }
        switch dtype.byteCount {
        case 1: gather(UInt8.self, base, offset, inner, count, scratch)
        case 2: gather(UInt16.self, base, offset, inner, count, scratch)
        case 4: gather(UInt32.self, base, offset, inner, count, scratch)
        default: gather(UInt64.self, base, offset, inner, count, scratch)
        }
        return scratch
    }

    private func gather<Element: BitwiseCopyable>(
        _ type: Element.Type, _ base: UnsafeRawPointer, _ offset: Int, _ stride: Int, _ count: Int,
        _ scratch: UnsafeMutableRawPointer
    ) {
        let from = base.assumingMemoryBound(to: type) + offset
        let to = scratch.assumingMemoryBound(to: type)
        if stride == 0 {
            to.update(repeating: from.pointee, count: count)
        } else {
            for index in 0..<count { to[index] = from[index * stride] }
        }
    }
}
