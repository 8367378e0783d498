import MartletIR
import MartletMemoryPlan

/// A graph made executable: kernels in order, and an offset in one arena for every value.
///
/// A plan knows no backend. The interpreted backend runs each step by a routine, a compiling one
/// turns each step into native code; both read the same offsets.
public struct Plan: Sendable {
    public let name: String
    /// In the order they run.
    public let steps: [PlanStep]
    public let buffers: [PlanBuffer]
    /// The inputs by name, with the buffer that holds each.
    public let inputs: [PlanInput]
    /// The outputs that are no update of an input.
    public let outputs: [PlanOutput]
    /// Sorted by name; the order of the extents given to a run.
    public let symbols: [Symbol]
    /// The arena's layout, with every symbol at its bound.
    public let memory: MemoryPlan
    /// The steps that go over the batch slice by slice; nil where the plan runs step by step.
    public let slicing: BatchSlicing?
}

extension Plan {
    /// The buffers of inputs that a run writes: parameters and slots.
    package var updatedInputs: Set<Int> {
        let written = Set(steps.flatMap { $0.results.compactMap { $0?.buffer } })
        return written.intersection(inputs.map(\.buffer))
    }

    /// Bytes for everything that lives within a run of so many threads: the arena, and with slices
    /// those under way and the sums of their groups.
    public func arenaByteCount(threadCount: Int) -> Int {
        byteCount(threadCount: threadCount) { $0.peakByteCount }
    }

    func byteCount(threadCount: Int, _ memoryByteCount: (MemoryPlan) -> Int) -> Int {
        let slices = slicing.map { slicing in
            slicing.sumByteCount
                + slicing.workerCount(threadCount) * memoryByteCount(slicing.memory)
        }
        return memoryByteCount(memory) + (slices ?? 0)
    }
}

/// One kernel: an op of the graph, or a cluster of elementwise ones, perhaps summed up.
public struct PlanStep: Hashable, Sendable {
    public enum Work: Hashable, Sendable {
        case op(Op)
        case cluster(Cluster)
        /// The sum of all elements of a cluster in float32; the elements are never stored.
        case sum(Cluster)
        /// A matrix product with bias and activation at its end.
        case product(BiasedProduct)
        /// Operand 0 copied into result 0: an update that could not be done in place.
        case copy
    }

    public var work: Work
    public var operands: [PlanValue]
    /// Nil for a result nobody reads.
    public var results: [PlanValue?]
    /// The layer the step came from.
    public var path: String

    /// `attention`, `cluster(add, multiply)`, `sum(multiply)`: for messages and profiles.
    public var label: String {
        switch work {
        case .op(let op): op.name
        case .cluster(let cluster): cluster.label
        case .sum(let cluster): "sum(\(cluster.names))"
        case .product(let product): "dot_general+" + product.label
        case .copy: "copy"
        }
    }
}

/// `activation(left · right + bias)` in one step, so that the product need not go to memory and back.
///
/// Operands: left, right, bias. Results: y, and the product before the bias where a gradient reads
/// it.
public struct BiasedProduct: Hashable, Sendable {
    public var product: DotGeneral
    public var activation: BiasActivation.Activation

    var label: String { activation == .identity ? "bias" : "bias+\(activation)" }
}

/// A value in a buffer. A reshape is another type over the same buffer.
public struct PlanValue: Hashable, Sendable {
    public var buffer: Int
    public var type: TensorType
}

public struct PlanBuffer: Hashable, Sendable {
    public enum Storage: Hashable, Sendable {
        /// Bytes of the arena.
        case arena(byteOffset: Int)
        /// Bytes of the memory of a slice.
        case slice(byteOffset: Int)
        /// The storage of an input, kept by whoever owns the parameters or the batch.
        case input
        /// Read-only, the same for every run.
        case constant(Literal)
    }

    public var name: String
    public var byteCount: Int
    public var storage: Storage
}

public struct PlanInput: Hashable, Sendable {
    public var input: Input
    public var buffer: Int
}

public struct PlanOutput: Hashable, Sendable {
    public var name: String
    public var value: PlanValue
}
