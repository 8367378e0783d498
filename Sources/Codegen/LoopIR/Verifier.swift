/// A broken loop-IR function: a bug in a kernel generator, reported instead of miscompiled.
package struct LoopVerificationError: Error, Equatable, CustomStringConvertible {
    package var function: String
    package var message: String

    package var description: String { "kernel \(function): \(message)" }
}

/// Checks that every value is defined before use, once, with the type its operation gives.
package struct LoopVerifier {
    private let function: LoopFunction
    private var isDefined: [Bool]

    package static func verify(_ function: LoopFunction) throws {
        var verifier = LoopVerifier(
            function: function, isDefined: Array(repeating: false, count: function.types.count))
        try verifier.check(function.body)
    }

    private mutating func check(_ body: [Instruction]) throws {
        for instruction in body {
            try check(instruction)
            for result in instruction.results { try define(result) }
        }
    }

    /// Checks a nested body; what it defines is not visible after it.
    private mutating func checkScope(_ body: [Instruction]) throws {
        let outer = isDefined
        try check(body)
        isDefined = outer
    }

    private mutating func define(_ value: ValueID) throws {
        try require(isDefined.indices.contains(value.number), "\(value) has no type")
        try require(!isDefined[value.number], "\(value) is defined twice")
        isDefined[value.number] = true
    }

    private func use(_ value: ValueID) throws -> ValueType {
        try require(
            isDefined.indices.contains(value.number) && isDefined[value.number],
            "\(value) is used before it is defined")
        return function.types[value.number]
    }

    private func require(_ condition: Bool, _ message: @autoclosure () -> String) throws {
        if !condition {
            throw LoopVerificationError(function: function.name, message: message())
        }
    }

    private mutating func check(_ instruction: Instruction) throws {
        let operation = instruction.operation
        switch operation {
        case .loop(let loop): try check(loop, results: instruction.results)
        case .branch(let condition, let body):
            try require(try use(condition) == ValueType(.bool), "a branch on \(condition)")
            try checkScope(body)
        case .store(let value, let address, let mask):
            try check(address, mask: mask, type: try use(value), isStore: true)
        case .prefetch(let address):
            let element = ValueType(function.element(of: address.memory))
            try check(address, mask: nil, type: element, isStore: false)
        default:
            try require(instruction.results.count == 1, "\(operation) has one result")
            let result = function.types[instruction.results[0].number]
            try require(
                try accepts(operation, result: result),
                "\(instruction.results[0]): \(result) does not fit \(operation)")
        }
    }

    private mutating func check(_ loop: Loop, results: [ValueID]) throws {
        try require(loop.step > 0, "a loop with step \(loop.step)")
        for bound in [loop.lower, loop.upper] {
            try require(try use(bound) == .index, "loop bound \(bound) is not i64")
        }
        try require(function.types[loop.index.number] == .index, "a loop index is not i64")
        let lists = [loop.initial, loop.carried, loop.next, results]
        let types = lists.map { $0.map { function.types[$0.number] } }
        try require(types.allSatisfy { $0 == types[0] }, "carried values of a loop differ in type")
        for value in loop.initial { _ = try use(value) }
        let outer = isDefined
        for value in [loop.index] + loop.carried { try define(value) }
        try check(loop.body)
        for value in loop.next { _ = try use(value) }
        isDefined = outer
    }

    private func check(_ address: Address, mask: ValueID?, type: ValueType, isStore: Bool) throws {
        switch address.memory {
        case .buffer(let index):
            try require(function.buffers.indices.contains(index), "no buffer \(index)")
            let buffer = function.buffers[index]
            try require(!isStore || buffer.isWritten, "a store to input \(buffer.name)")
        case .scratch(let index):
            try require(function.scratch.indices.contains(index), "no scratch array \(index)")
        }
        try require(try use(address.index) == .index, "address \(address.index) is not i64")
        let element = function.element(of: address.memory)
        try require(type.scalar == element, "\(type) through memory of \(element.name)")
        if let mask {
            try require(
                try use(mask) == type.with(.bool) && type.lanes > 1, "mask \(mask) of a \(type)")
        }
    }

    private func accepts(_ operation: Operation, result: ValueType) throws -> Bool {
        switch operation {
        case .constant(.integer): return !result.scalar.isFloat
        case .constant(.float): return result.scalar.isFloat
        case .parameter(let index):
            return result == .index && function.parameters.indices.contains(index)
        case .part: return result == .index
        case .unary(_, let a): return try use(a) == result && result.scalar.isFloat
        case .binary(let binary, let a, let b):
            let allowed =
                result.scalar.isFloat
                ? binary.allowsFloat : binary.allowsInteger
            return try use(a) == result && use(b) == result && allowed
        case .fusedMultiplyAdd(let a, let b, let c):
            return try use(a) == result && use(b) == result && use(c) == result
                && result.scalar.isFloat
        case .compare(_, let a, let b):
            let operand = try use(a)
            return try use(b) == operand && result == operand.with(.bool)
        case .select(let condition, let a, let b):
            return try use(condition) == result.with(.bool) && use(a) == result
                && use(b) == result
        case .convert(let conversion, let a):
            return try accepts(conversion, from: use(a), to: result)
        case .splat(let a):
            return try use(a) == ValueType(result.scalar) && result.lanes > 1
        case .laneIndices: return !result.scalar.isFloat && result.lanes > 1
        case .shuffle(let a, let b, let lanes):
            let operand = try use(a)
            return try use(b) == operand && lanes.count == result.lanes
                && operand.scalar == result.scalar
                && lanes.allSatisfy { (0..<2 * operand.lanes).contains($0) }
        case .reduce(_, let a):
            let operand = try use(a)
            return result == ValueType(operand.scalar) && operand.lanes > 1
                && operand.lanes.nonzeroBitCount == 1
        case .dotBFloat16Pairs(let accumulator, let a, let b):
            return try use(accumulator) == result && result.scalar == .float32
                && use(a) == result.with(.int32) && use(b) == result.with(.int32)
        case .bfloat16Pairs(let a, let b, let pairing):
            let operand = result.with(.float32)
            return try use(a) == operand && use(b) == operand && result.scalar == .int32
                && (pairing == .zipped || result.lanes > 1)
        case .load(let address, let mask):
            try check(address, mask: mask, type: result, isStore: false)
            return true
        case .store, .prefetch, .loop, .branch: return false
        }
    }

    private func accepts(_ conversion: Conversion, from: ValueType, to: ValueType) -> Bool {
        guard from.lanes == to.lanes else { return false }
        let (source, target) = (from.scalar, to.scalar)
        return switch conversion {
        case .zeroExtend, .signExtend:
            !source.isFloat && !target.isFloat && source.bitCount < target.bitCount
        case .truncate:
            !source.isFloat && !target.isFloat && source.bitCount > target.bitCount
        case .signedToFloat: !source.isFloat && source != .bool && target.isFloat
        case .floatToSigned: source.isFloat && !target.isFloat && target != .bool
        case .bitcast: source.bitCount == target.bitCount && source != .bool
        }
    }
}
