/// Why the interpreter stopped: an access outside a buffer.
package struct LoopInterpreterError: Error, CustomStringConvertible {
    package var description: String
}

/// Runs loop IR directly, slowly and with every access checked: the meaning of loop IR, and the
/// oracle for the LLVM backend. Results agree with compiled code to the bit (except
/// `dotBFloat16Pairs`, whose rounding is the target's).
package struct LoopInterpreter {
    private let function: LoopFunction
    private let buffers: [UnsafeMutableRawBufferPointer]
    private let parameters: [Int64]
    private let scratch: UnsafeMutableRawBufferPointer
    private let part: Int
    /// The lanes of each value, as bits.
    private var values: [[UInt64]]

    /// Runs every part of `function`, in order.
    package static func run(
        _ function: LoopFunction, buffers: [UnsafeMutableRawBufferPointer],
        parameters: [Int64] = []
    ) throws {
        let scratch = UnsafeMutableRawBufferPointer.allocate(
            byteCount: function.scratchByteCount, alignment: LoopFunction.scratchAlignment)
        defer { scratch.deallocate() }
        for part in 0..<function.partCount(parameters: parameters) {
            var interpreter = LoopInterpreter(
                function: function, buffers: buffers, parameters: parameters, scratch: scratch,
                part: part, values: Array(repeating: [], count: function.types.count))
            try interpreter.run(function.body)
        }
    }

    private mutating func run(_ body: [Instruction]) throws {
        for instruction in body {
            switch instruction.operation {
            case .loop(let loop): try run(loop, results: instruction.results)
            case .branch(let condition, let inner):
                if values[condition.number][0] != 0 { try run(inner) }
            case .store(let value, let address, let mask):
                try store(values[value.number], address, mask)
            case .prefetch: break
            default:
                let result = instruction.results[0]
                values[result.number] = try evaluate(
                    instruction.operation, function.type(of: result))
            }
        }
    }

    private mutating func run(_ loop: Loop, results: [ValueID]) throws {
        var carried = loop.initial.map { values[$0.number] }
        let lower = index(loop.lower)
        let upper = index(loop.upper)
        for index in stride(from: lower, to: upper, by: loop.step) {
            values[loop.index.number] = [UInt64(bitPattern: Int64(index))]
            for (id, value) in zip(loop.carried, carried) { values[id.number] = value }
            try run(loop.body)
            carried = loop.next.map { values[$0.number] }
        }
        for (id, value) in zip(results, carried) { values[id.number] = value }
    }

    private func index(_ value: ValueID) -> Int { Int(Int64(bitPattern: values[value.number][0])) }

    private func evaluate(_ operation: Operation, _ type: ValueType) throws -> [UInt64] {
        func lanes(_ id: ValueID) -> [UInt64] { values[id.number] }
        func operandType(_ id: ValueID) -> ScalarType { function.type(of: id).scalar }
        switch operation {
        case .constant(.integer(let value)):
            return Array(
                repeating: LaneMath.wrap(UInt64(bitPattern: value), type.scalar),
                count: type.lanes)
        case .constant(.float(let bits)):
            return Array(repeating: UInt64(bits), count: type.lanes)
        case .parameter(let index): return [UInt64(bitPattern: parameters[index])]
        case .part: return [UInt64(part)]
        case .unary(let unary, let a): return lanes(a).map { LaneMath.unary(unary, $0) }
        case .binary(let binary, let a, let b):
            return zip(lanes(a), lanes(b)).map { LaneMath.binary(binary, $0, $1, type.scalar) }
        case .fusedMultiplyAdd(let a, let b, let c):
            let (x, y, z) = (lanes(a), lanes(b), lanes(c))
            return x.indices.map { LaneMath.fusedMultiplyAdd(x[$0], y[$0], z[$0]) }
        case .compare(let comparison, let a, let b):
            let scalar = operandType(a)
            return zip(lanes(a), lanes(b)).map {
                LaneMath.compare(comparison, $0, $1, scalar) ? 1 : 0
            }
        case .select(let condition, let a, let b):
            let (c, x, y) = (lanes(condition), lanes(a), lanes(b))
            return c.indices.map { c[$0] != 0 ? x[$0] : y[$0] }
        case .convert(let conversion, let a):
            let scalar = operandType(a)
            return lanes(a).map { LaneMath.convert(conversion, $0, from: scalar, to: type.scalar) }
        case .splat(let a): return Array(repeating: lanes(a)[0], count: type.lanes)
        case .laneIndices: return (0..<type.lanes).map { UInt64($0) }
        case .shuffle(let a, let b, let picks):
            let both = lanes(a) + lanes(b)
            return picks.map { both[$0] }
        case .reduce(let reduction, let a): return [reduce(reduction, lanes(a), type.scalar)]
        case .dotBFloat16Pairs(let accumulator, let a, let b):
            let (c, x, y) = (lanes(accumulator), lanes(a), lanes(b))
            return c.indices.map { LaneMath.dotBFloat16Pairs(c[$0], x[$0], y[$0]) }
        case .bfloat16Pairs(let a, let b, let pairing):
            return LaneMath.bfloat16Pairs(lanes(a), lanes(b), pairing)
        case .load(let address, let mask): return try load(address, mask, type)
        case .store, .prefetch, .loop, .branch: return []
        }
    }

    private func reduce(_ reduction: Reduction, _ lanes: [UInt64], _ scalar: ScalarType) -> UInt64 {
        let combine: BinaryOperation =
            switch reduction {
            case .sum: .add
            case .maximum: .maximum
            case .minimum: .minimum
            }
        var lanes = lanes
        while lanes.count > 1 {
            let half = lanes.count / 2
            lanes = (0..<half).map {
                LaneMath.binary(combine, lanes[$0], lanes[$0 + half], scalar)
            }
        }
        return lanes[0]
    }

    // Memory

    private func load(_ address: Address, _ mask: ValueID?, _ type: ValueType) throws -> [UInt64] {
        try (0..<type.lanes).map { lane in
            if let mask, values[mask.number][lane] == 0 { return 0 }
            let place = try place(address, lane)
            return switch type.scalar {
            case .bool, .int8: UInt64(place.load(as: UInt8.self))
            case .int16: UInt64(place.load(as: UInt16.self))
            case .int32, .float32: UInt64(place.load(as: UInt32.self))
            case .int64: place.load(as: UInt64.self)
            }
        }
    }

    private func store(_ lanes: [UInt64], _ address: Address, _ mask: ValueID?) throws {
        for (lane, value) in lanes.enumerated() {
            if let mask, values[mask.number][lane] == 0 { continue }
            let place = try place(address, lane)
            switch function.element(of: address.memory) {
            case .bool, .int8:
                place.storeBytes(of: UInt8(truncatingIfNeeded: value), as: UInt8.self)
            case .int16: place.storeBytes(of: UInt16(truncatingIfNeeded: value), as: UInt16.self)
            case .int32, .float32:
                place.storeBytes(of: UInt32(truncatingIfNeeded: value), as: UInt32.self)
            case .int64: place.storeBytes(of: value, as: UInt64.self)
            }
        }
    }

    private func place(_ address: Address, _ lane: Int) throws -> UnsafeMutableRawPointer {
        let byteCount = function.element(of: address.memory).byteCount
        let memory: UnsafeMutableRawBufferPointer
        let name: String
        switch address.memory {
        case .buffer(let index):
            (memory, name) = (buffers[index], function.buffers[index].name)
        case .scratch(let index):
            let array = function.scratch[index]
            let range = array.byteOffset..<array.byteOffset + array.byteCount
            (memory, name) = (UnsafeMutableRawBufferPointer(rebasing: scratch[range]), array.name)
        }
        let element = index(address.index) + address.offset + lane
        guard element >= 0, (element + 1) * byteCount <= memory.count, let base = memory.baseAddress
        else {
            throw LoopInterpreterError(
                description: "kernel \(function.name), part \(part): element \(element) is outside "
                    + "\(name) with \(memory.count / byteCount) elements")
        }
        return base + element * byteCount
    }
}
