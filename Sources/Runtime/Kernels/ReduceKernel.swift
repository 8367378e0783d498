import MartletIR

/// Combines all elements of a contiguous tensor along some axes.
///
/// The work is cut by shape alone: by results where there are many, and by fixed chunks of the
/// reduced extent where there are few; chunks leave partial results that `combine` merges in a
/// fixed tree.
package struct ReduceKernel: Sendable {
    package let kind: Reduce.Kind
    package let dtype: DType
    /// Kept and reduced axes, but for the innermost, outermost first: extent and stride.
    private let kept: [(extent: Int, stride: Int)]
    private let reduced: [(extent: Int, stride: Int)]
    /// The innermost axis, of stride 1, in blocks.
    private let run: Partition
    private let isRunReduced: Bool
    package let resultCount: Int
    /// Units of results: kept indices, times the blocks of the run if it is kept.
    private let units: Partition
    /// Steps over the reduced indices, times the blocks of the run if it is reduced.
    private let chunks: Partition

    /// nil for bf16 and f16, which are summed as f32: convert around the reduction.
    package init?(_ kind: Reduce.Kind, _ dtype: DType, extents: [Int], axes: [Int]) {
        guard dtype != .bf16, dtype != .f16 else { return nil }
        self.kind = kind
        self.dtype = dtype
        var merged: [(extent: Int, isReduced: Bool)] = []
        for (axis, extent) in extents.enumerated() where extent != 1 {
            let isReduced = axes.contains(axis)
            if let last = merged.last, last.isReduced == isReduced {
                merged[merged.count - 1].extent *= extent
            } else {
                merged.append((extent, isReduced))
            }
        }
        let last = merged.popLast() ?? (1, false)
        isRunReduced = last.isReduced
        run = Partition(extent: last.extent, size: isRunReduced ? 4096 : 1024)
        var (kept, reduced) = ([(extent: Int, stride: Int)](), [(extent: Int, stride: Int)]())
        var stride = last.extent
        for axis in merged.reversed() {
            if axis.isReduced {
                reduced.insert((axis.extent, stride), at: 0)
            } else {
                kept.insert((axis.extent, stride), at: 0)
            }
            stride *= axis.extent
        }
        (self.kept, self.reduced) = (kept, reduced)
        let keptCount = kept.reduce(1) { $0 * $1.extent }
        let reducedCount = reduced.reduce(1) { $0 * $1.extent }
        resultCount = isRunReduced ? keptCount : keptCount * last.extent
        let unitCount = isRunReduced ? keptCount : keptCount * run.count
        let stepCount = isRunReduced ? reducedCount * run.count : reducedCount
        let stepElements = max(1, min(run.size, last.extent))
        units = Partition(
            extent: unitCount, size: 32768 / max(1, stepElements * max(1, stepCount)))
        let wanted = units.count >= 8 ? 1 : max(1, min(64, stepCount * stepElements / 32768))
        chunks = Partition(extent: stepCount, size: (stepCount + wanted - 1) / wanted)
    }

    /// Whether partial results go to scratch and `combine` must follow the parts.
    package var isChunked: Bool { chunks.count > 1 }
    package var partCount: Int { units.count * max(chunks.count, 1) }
    package var scratchByteCount: Int {
        isChunked ? chunks.count * resultCount * dtype.byteCount : 0
    }
    package var combineParts: Partition {
        Partition(extent: isChunked ? resultCount : 0, size: 1024)
    }

    /// One part. `scratch` is used only if `isChunked`.
    package func run(
        part: Int, _ x: UnsafeRawPointer, into out: UnsafeMutableRawPointer,
        scratch: UnsafeMutableRawPointer?
    ) {
        guard part < partCount else { return }
        let chunk = part / units.count
        let target: UnsafeMutableRawPointer
        if isChunked {
            guard let scratch else { return }
            target = scratch + chunk * resultCount * dtype.byteCount
        } else {
            target = out
        }
        let steps = chunks.range(chunk)
        let units = units.range(part % units.count)
        ReduceTask.reduce(self, units: units, steps: steps, x, target).perform(kind, dtype)
    }

    /// Merges the chunks of the results of one part of `combineParts`; scratch is used up.
    package func combine(
        part: Int, scratch: UnsafeMutableRawPointer, into out: UnsafeMutableRawPointer
    ) {
        let range = combineParts.range(part)
        ReduceTask.combine(
            scratch, count: chunks.count, stride: resultCount, range: range, into: out
        ).perform(kind, dtype)
    }

    /// Where a unit's results start, where its elements start, and how long its run is.
    @inline(__always)
    func place(unit: Int) -> (result: Int, source: Int, length: Int) {
        guard !isRunReduced else { return (unit, offset(unit, kept), 0) }
        let index = unit / run.count
        let block = run.range(unit % run.count)
        return (
            index * run.extent + block.lowerBound, offset(index, kept) + block.lowerBound,
            block.count
        )
    }

    /// Where a step's elements start within a unit, and how long its run is (0: the unit's).
    @inline(__always)
    func place(step: Int) -> (source: Int, length: Int) {
        guard isRunReduced else { return (offset(step, reduced), 0) }
        let block = run.range(step % run.count)
        return (offset(step / run.count, reduced) + block.lowerBound, block.count)
    }

    var reducesRuns: Bool { isRunReduced }

    @inline(__always)
    private func offset(_ index: Int, _ axes: [(extent: Int, stride: Int)]) -> Int {
        var (rest, offset) = (index, 0)
        for axis in axes.reversed() {
            offset += rest % axis.extent * axis.stride
            rest /= axis.extent
        }
        return offset
    }
}
