import MartletIR
import MartletRuntime

/// One kernel of a plan step, with what its arguments are in terms of the plan.
struct KernelCall {
    enum Buffer {
        case value(PlanValue)
        /// Bytes of the step's shared scratch.
        case scratch(byteOffset: Int)
        /// A weight in panels, packed before the steps run.
        case packed(PackedWeight)
    }

    enum Parameter {
        /// An extent of the step's shapes.
        case extent(Dimension)
        /// An i64 scalar read at every run: the seed or the step.
        case scalar(PlanValue)
        /// The number in the whole batch of the first of something of which each entry has so
        /// many: 0 unless the step runs on a slice.
        case first(perEntry: Dimension)
        case constant(Int)
    }

    var function: LoopFunction
    var buffers: [Buffer]
    var parameters: [String: Parameter]

    init(
        _ function: LoopFunction, _ buffers: [Buffer], parameters: [String: Parameter] = [:]
    ) {
        self.function = function
        self.buffers = buffers
        self.parameters = parameters
    }
}

/// A plan step as kernels, and what plain Swift does after them.
struct CompiledStep {
    var calls: [KernelCall]
    /// Bytes of scratch that all parts of the step share.
    var sharedScratchByteCount = 0
    /// Phases to run before the kernels: checks of what they take on trust, the order
    /// of look-ups.
    var prologue: (BindingContext) -> [Phase] = { _ in [] }
    /// Phases to run after the kernels: the fixed tree over partial sums.
    var epilogue: (BindingContext) -> [Phase] = { _ in [] }

    init(_ calls: [KernelCall]) { self.calls = calls }

    /// The name of each call and, last, of what runs after them: `matmul.17`, `sumPartials.17`. A
    /// step's second kernel of one name is `matmul.17b`.
    func kernelNames(stepIndex: Int) -> [String] {
        var counts: [String: Int] = [:]
        let names = calls.map { call in
            let count = counts[call.function.name, default: 0]
            counts[call.function.name] = count + 1
            let letter = count == 0 ? "" : String(UnicodeScalar(UInt8(97 + min(count, 25))))
            return "\(call.function.name).\(stepIndex)\(letter)"
        }
        return names + ["sumPartials.\(stepIndex)"]
    }
}

/// Thrown where a step has no generated kernel; the interpreted routine runs instead.
struct NoKernel: Error {
    init() {}
}

extension Dimension {
    /// A kernel's extent, and the parameter that carries it if it is known at run time only.
    func extent(
        named name: String, _ parameters: inout [String: KernelCall.Parameter]
    ) throws -> Extent {
        if let fixed { return .constant(fixed) }
        guard let bound else { throw NoKernel() }
        parameters[name] = .extent(self)
        return .parameter(name, atMost: bound)
    }
}

extension Shape {
    /// Elements between neighbours on each axis.
    var rowMajorStrides: [Dimension] {
        var strides = [Dimension](repeating: 1, count: rank)
        for axis in dimensions.indices.dropLast().reversed() {
            strides[axis] = strides[axis + 1] * self[axis + 1]
        }
        return strides
    }

    /// The product of the last `count` extents, which a kernel needs to know.
    func fixedProduct(ofLast count: Int) throws -> Int {
        guard let extents = Shape(Array(dimensions.suffix(count))).fixed else { throw NoKernel() }
        return extents.reduce(1, *)
    }

    /// Rows of one entry of the batch, where the last axis is a row and the first the batch.
    var rowsPerEntry: Dimension {
        Shape(Array(dimensions.dropFirst().dropLast())).elementCount
    }

    /// The product of all but the last `count` extents.
    func product(dropping count: Int) -> Dimension {
        Shape(Array(dimensions.dropLast(count))).elementCount
    }
}
