import MartletIR

/// Copies a box of elements between two strided layouts: broadcast, transpose, slice, reverse, and
/// each operand's share of a concatenation or padding, are all this with different strides.
///
/// Axes are merged and ordered once, when the plan is made; a run allocates nothing.
package struct StridedCopy: Sendable {
    struct Axis: Sendable {
        var extent: Int
        var source: Int
        var destination: Int
    }

    /// All but the two innermost axes, outermost first.
    private let outer: [Axis]
    /// Of the two innermost: the one along which parts are cut, and the one innermost of all.
    private let second: Axis
    private let first: Axis
    private let secondParts: Partition
    private let units: Partition
    private let byteCount: Int

    /// - Parameters:
    ///   - extents: the box.
    ///   - source: elements from one index to the next of each axis (0 repeats, negative reverses).
    ///   - destination: likewise; no two indices may meet.
    package init(_ dtype: DType, extents: [Int], source: [Int], destination: [Int]) {
        byteCount = dtype.byteCount
        let isEmpty = extents.contains { $0 <= 0 }
        var axes = zip(extents, zip(source, destination))
            .map { Axis(extent: $0, source: $1.0, destination: $1.1) }
            .filter { $0.extent != 1 }
        axes.sort { $0.destination.magnitude > $1.destination.magnitude }
        axes = StridedCopy.merged(axes)
        let single = Axis(extent: 1, source: 0, destination: 0)
        first = axes.popLast() ?? single
        // The axis along which the source runs fastest makes transposed blocks.
        let nearest = axes.indices.min { a, b in
            StridedCopy.reach(axes[a]) < StridedCopy.reach(axes[b])
        }
        second = nearest.map { axes.remove(at: $0) } ?? single
        outer = axes
        secondParts = Partition(extent: second.extent, size: 16384 / max(first.extent, 1))
        let outerCount = isEmpty ? 0 : axes.reduce(1) { $0 * $1.extent }
        let unitElements = max(1, min(second.extent, secondParts.size) * first.extent)
        units = Partition(
            extent: outerCount * secondParts.count, size: max(1, 16384 / unitElements))
    }

    private static func reach(_ axis: Axis) -> Int {
        axis.source == 0 ? .max : Int(clamping: axis.source.magnitude)
    }

    /// Neighbouring axes that both layouts walk as one become one.
    private static func merged(_ axes: [Axis]) -> [Axis] {
        var result: [Axis] = []
        for axis in axes {
            if let last = result.last, last.source == axis.source * axis.extent,
                last.destination == axis.destination * axis.extent
            {
                result[result.count - 1] = Axis(
                    extent: last.extent * axis.extent, source: axis.source,
                    destination: axis.destination)
            } else {
                result.append(axis)
            }
        }
        return result
    }

    package var partCount: Int { units.count }

    /// One part. The pointers stand at index 0 of every axis; the layouts may not overlap.
    package func run(
        part: Int, _ source: UnsafeRawPointer, _ destination: UnsafeMutableRawPointer
    ) {
        switch byteCount {
        case 1: run(part, UInt8.self, source, destination)
        case 2: run(part, UInt16.self, source, destination)
        case 4: run(part, UInt32.self, source, destination)
        default: run(part, UInt64.self, source, destination)
        }
    }

    @inline(__always)
    private func run<T: FixedWidthInteger>(
        _ part: Int, _: T.Type, _ source: UnsafeRawPointer, _ destination: UnsafeMutableRawPointer
    ) {
        let source = source.assumingMemoryBound(to: T.self)
        let destination = destination.assumingMemoryBound(to: T.self)
        for unit in units.range(part) {
            var rest = unit / secondParts.count
            var (from, to) = (0, 0)
            for axis in outer.reversed() {
                let index = rest % axis.extent
                rest /= axis.extent
                from += index * axis.source
                to += index * axis.destination
            }
            let range = secondParts.range(unit % secondParts.count)
            copyPlane(
                source + (from + range.lowerBound * second.source),
                destination + (to + range.lowerBound * second.destination), range.count)
        }
    }

    /// `count` indices of the second axis by all of the first.
    @inline(__always)
    private func copyPlane<T: FixedWidthInteger>(
        _ source: UnsafePointer<T>, _ destination: UnsafeMutablePointer<T>, _ count: Int
    ) {
        if first.destination == 1 && first.source == 1 {
            for i in 0..<count {
                (destination + i * second.destination).update(
                    from: source + i * second.source, count: first.extent)
            }
        } else if first.destination == 1 && first.source == 0 {
            for i in 0..<count {
                (destination + i * second.destination).update(
                    repeating: source[i * second.source], count: first.extent)
            }
        } else {
            copyBlocks(source, destination, count)
        }
    }

    /// Squares of 32 by 32, so that the lines of both layouts stay in cache.
    @inline(__always)
    private func copyBlocks<T: FixedWidthInteger>(
        _ source: UnsafePointer<T>, _ destination: UnsafeMutablePointer<T>, _ count: Int
    ) {
        for top in stride(from: 0, to: count, by: 32) {
            for left in stride(from: 0, to: first.extent, by: 32) {
                for i in top..<min(top + 32, count) {
                    let from = source + i * second.source
                    let to = destination + i * second.destination
                    for j in left..<min(left + 32, first.extent) {
                        to[j * first.destination] = from[j * first.source]
                    }
                }
            }
        }
    }
}

/// Runs of one value, as padding starts from.
package enum FillKernel {
    /// `count` copies of the element at `value`.
    package static func fill(
        _ dtype: DType, with value: UnsafeRawPointer, _ y: UnsafeMutableRawPointer, count: Int
    ) {
        switch dtype.byteCount {
        case 1: fill(UInt8.self, value, y, count)
        case 2: fill(UInt16.self, value, y, count)
        case 4: fill(UInt32.self, value, y, count)
        default: fill(UInt64.self, value, y, count)
        }
    }

    @inline(__always)
    private static func fill<T: FixedWidthInteger>(
        _: T.Type, _ value: UnsafeRawPointer, _ y: UnsafeMutableRawPointer, _ count: Int
    ) {
        y.assumingMemoryBound(to: T.self).update(
            repeating: value.loadUnaligned(as: T.self), count: max(count, 0))
    }
}
