/// Writes one loop-IR function, instruction by instruction.
///
/// Kernels are Swift functions over a builder: a Swift `for` unrolls, `loop` emits a loop. Misuse
/// (mixed types, a value of another builder) is a bug in a kernel generator and traps; what comes
/// from users is checked before a generator runs.
package final class LoopBuilder {
    private var name: String
    private var buffers: [BufferArgument] = []
    private var parameters: [String] = []
    private var scratch: [ScratchArray] = []
    private var partAxes: [PartAxis] = []
    private var types: [ValueType] = []
    private var prologue: [Instruction] = []
    private var blocks: [[Instruction]] = [[]]
    private var constantIDs: [ConstantKey: ValueID] = [:]
    private(set) var constants: [ValueID: Constant] = [:]
    private var parameterValues: [String: Value] = [:]

    private struct ConstantKey: Hashable {
        var constant: Constant
        var type: ValueType
    }

    package init(_ name: String) { self.name = name }

    // Arguments

    package func buffer(_ name: String, _ element: ScalarType, isWritten: Bool = false) -> Pointer {
        buffers.append(BufferArgument(name: name, element: element, isWritten: isWritten))
        return Pointer(
            memory: .buffer(buffers.count - 1), element: element, index: constant(0), offset: 0)
    }

    package func input(_ name: String, _ element: ScalarType = .float32) -> Pointer {
        buffer(name, element)
    }

    package func output(_ name: String, _ element: ScalarType = .float32) -> Pointer {
        buffer(name, element, isWritten: true)
    }

    package func scratch(_ name: String, _ element: ScalarType = .float32, count: Int) -> Pointer {
        let end = scratch.last.map { $0.byteOffset + $0.byteCount } ?? 0
        let alignment = LoopFunction.scratchAlignment
        let offset = (end + alignment - 1) / alignment * alignment
        scratch.append(
            ScratchArray(name: name, element: element, count: count, byteOffset: offset))
        return Pointer(
            memory: .scratch(scratch.count - 1), element: element, index: constant(0), offset: 0)
    }

    /// A scalar argument; asking twice for a name gives the same value.
    package func parameter(_ name: String) -> Value {
        if let known = parameterValues[name] { return known }
        parameters.append(name)
        let id = newID(.index)
        prologue.append(
            Instruction(results: [id], operation: .parameter(parameters.count - 1)))
        let value = Value(id: id, type: .index, builder: self)
        parameterValues[name] = value
        return value
    }

    package func value(of extent: Extent) -> Value {
        switch extent {
        case .constant(let value): constant(value)
        case .parameter(let name, _): parameter(name)
        }
    }

    /// Splits the kernel into `⌈extent/blockSize⌉ × …` parts and gives this part's block number on
    /// each axis.
    package func parts(_ axes: [PartAxis]) -> [Value] {
        partAxes = axes
        var rest = emit(.part, .index)
        var blockNumbers: [Value] = []
        for (position, axis) in axes.enumerated().reversed() {
            // Named even where it is not computed with: the caller's part count needs it.
            let extent = value(of: axis.extent)
            if position == 0 {
                blockNumbers.append(rest)
                break
            }
            let count = (extent + (axis.blockSize - 1)).quotient(axis.blockSize)
            blockNumbers.append(rest.remainder(count))
            rest = rest.quotient(count)
        }
        return blockNumbers.reversed()
    }

    // Constants

    package func constant(_ constant: Constant, _ type: ValueType) -> Value {
        let key = ConstantKey(constant: constant, type: type)
        if let id = constantIDs[key] { return Value(id: id, type: type, builder: self) }
        let id = newID(type)
        prologue.append(Instruction(results: [id], operation: .constant(constant)))
        constantIDs[key] = id
        constants[id] = constant
        return Value(id: id, type: type, builder: self)
    }

    package func constant(_ integer: Int, _ type: ValueType = .index) -> Value {
        type.scalar.isFloat
            ? constant(Float(integer), lanes: type.lanes)
            : constant(.integer(Int64(integer)), type)
    }

    package func constant(_ float: Float, lanes: Int = 1) -> Value {
        constant(.float(bits: float.bitPattern), ValueType(.float32, lanes: lanes))
    }

    // Control flow

    /// Emits a loop; `body` gets the index and the carried values and returns the next ones. A loop
    /// known to run once is written out without a loop, one known never to run vanishes.
    @discardableResult
    package func loop(
        _ lower: Value, _ upper: Value, step: Int = 1, carrying initial: [Value] = [],
        _ body: (_ index: Value, _ carried: [Value]) -> [Value]
    ) -> [Value] {
        if let first = lower.integer, let end = upper.integer {
            if first >= end { return initial }
            if first + step >= end { return body(lower, initial) }
        }
        let index = Value(id: newID(.index), type: .index, builder: self)
        let carried = initial.map { Value(id: newID($0.type), type: $0.type, builder: self) }
        blocks.append([])
        let next = body(index, carried)
        precondition(next.map(\.type) == initial.map(\.type), "carried values changed type")
        let instructions = blocks.removeLast()
        let results = initial.map { Value(id: newID($0.type), type: $0.type, builder: self) }
        let loop = Loop(
            index: index.id, lower: lower.id, upper: upper.id, step: step,
            initial: initial.map(\.id), carried: carried.map(\.id), next: next.map(\.id),
            body: instructions)
        append(Instruction(results: results.map(\.id), operation: .loop(loop)))
        return results
    }

    package func loop(_ lower: Value, _ upper: Value, step: Int = 1, _ body: (Value) -> Void) {
        loop(lower, upper, step: step, carrying: []) { index, _ in
            body(index)
            return []
        }
    }

    package func loop(_ count: Int, step: Int = 1, _ body: (Value) -> Void) {
        loop(constant(0), constant(count), step: step, body)
    }

    /// Runs `body` only where the scalar `condition` holds.
    package func branch(_ condition: Value, _ body: () -> Void) {
        if let known = condition.integer {
            if known != 0 { body() }
            return
        }
        blocks.append([])
        body()
        append(Instruction(results: [], operation: .branch(condition.id, blocks.removeLast())))
    }

    // Emission

    package func emit(_ operation: Operation, _ type: ValueType) -> Value {
        let id = newID(type)
        append(Instruction(results: [id], operation: operation))
        return Value(id: id, type: type, builder: self)
    }

    package func append(_ instruction: Instruction) {
        blocks[blocks.count - 1].append(instruction)
    }

    package func finish() throws -> LoopFunction {
        let function = LoopFunction(
            name: name, buffers: buffers, parameters: parameters, scratch: scratch,
            partAxes: partAxes, types: types, body: prologue + blocks[0])
        try LoopVerifier.verify(function)
        return function
    }

    private func newID(_ type: ValueType) -> ValueID {
        types.append(type)
        return ValueID(number: types.count - 1)
    }
}
