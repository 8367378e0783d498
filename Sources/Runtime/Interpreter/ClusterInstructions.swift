import MartletIR

/// Instructions over blocks of f32, eight lanes at a time.
enum FloatInstructions {
    /// Runs an instruction whose arguments and result are f32; false where there is no fast form.
    @inline(__always)
    static func run(
        _ instruction: Cluster.Instruction, _ y: UnsafeMutablePointer<Float>,
        _ argument: (Int) -> UnsafeMutablePointer<Float>, _ count: Int
    ) -> Bool {
        switch instruction.op {
        case .unary(let unary): return run(unary.kind, argument(0), y, count)
        case .binary(let binary): return run(binary.kind, argument(0), argument(1), y, count)
        case .gelu(let gelu) where !gelu.isApproximate:
            mapRange(argument(0), y, count) { x in
                x * 0.5 * (VectorMath.erf(x * 0.707_106_77) + 1)
            }
        case .gelu:
            mapRange(argument(0), y, count) { x in
                let inner = (x + x * x * x * 0.044715) * 0.797_884_56
                return x * 0.5 * (VectorMath.tanh(inner) + 1)
            }
        case .convert: y.update(from: argument(0), count: count)
        default: return false
        }
        return true
    }

    private static func run(
        _ kind: Unary.Kind, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>,
        _ count: Int
    ) -> Bool {
        switch kind {
        case .negate: mapRange(x, y, count) { -$0 }
        case .abs: mapRange(x, y, count) { magnitude($0) }
        case .exponential: mapRange(x, y, count) { VectorMath.exp($0) }
        case .log: mapRange(x, y, count) { VectorMath.log($0) }
        case .sqrt: mapRange(x, y, count) { $0.squareRoot() }
        case .rsqrt: mapRange(x, y, count) { 1 / $0.squareRoot() }
        case .tanh: mapRange(x, y, count) { VectorMath.tanh($0) }
        case .logistic: mapRange(x, y, count) { VectorMath.sigmoid($0) }
        case .erf: mapRange(x, y, count) { VectorMath.erf($0) }
        case .sign, .floor, .ceil, .exponentialMinusOne, .logPlusOne, .sine, .cosine, .not,
            .isFinite:
            return false
        }
        return true
    }

    private static func run(
        _ kind: Binary.Kind, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
        _ y: UnsafeMutablePointer<Float>, _ count: Int
    ) -> Bool {
        switch kind {
        case .add: mapRange(a, b, y, count) { $0 + $1 }
        case .subtract: mapRange(a, b, y, count) { $0 - $1 }
        case .multiply: mapRange(a, b, y, count) { $0 * $1 }
        case .divide: mapRange(a, b, y, count) { $0 / $1 }
        case .maximum:
            // The sum of an operand and NaN is NaN: what the comparison alone would lose.
            mapRange(a, b, y, count) { whereEqual($0, $0, maximum($1, $0), $0) }
        case .minimum: mapRange(a, b, y, count) { whereEqual($0, $0, minimum($1, $0), $0) }
        case .power, .remainder, .and, .or: return false
        }
        return true
    }
}

/// Instructions element by element, for every element type.
enum ScalarInstructions {
    static func run(
        _ instruction: Cluster.Instruction, dtypes: [DType],
        registers: UnsafeMutableBufferPointer<UnsafeMutableRawPointer>, register: Int, count: Int
    ) {
        let arguments = instruction.arguments
        let target = registers[register]
        func load(_ argument: Int, _ index: Int) -> Double {
            let source = arguments[argument]
            return ElementAccess.load(registers[source], dtypes[source], at: index)
        }
        func store(_ value: Double, _ index: Int) {
            ElementAccess.store(value, to: target, instruction.dtype, at: index)
        }
        switch instruction.op {
        case .select:
            select(dtypes, registers, arguments, target, instruction.dtype, count)
        case .compare(let compare) where arguments.allSatisfy { dtypes[$0] == .f32 }:
            FloatComparison.run(
                compare.direction, registers[arguments[0]].assumingMemoryBound(to: Float.self),
                registers[arguments[1]].assumingMemoryBound(to: Float.self),
                target.assumingMemoryBound(to: UInt8.self), count)
        case .compare(let compare):
            let function = compare.function
            for index in 0..<count {
                store(function(load(0, index), load(1, index)) ? 1 : 0, index)
            }
        case .unary(let unary):
            let function = unary.function
            for index in 0..<count { store(function(load(0, index)), index) }
        case .binary(let binary):
            let function = binary.function(integer: instruction.dtype.isInteger)
            let isInteger = instruction.dtype.isInteger
            for index in 0..<count {
                let value = function(load(0, index), load(1, index))
                store(isInteger ? instruction.dtype.wrapping(value) : value, index)
            }
        case .convert:
            let (from, to) = (dtypes[arguments[0]], instruction.dtype)
            let wraps = from.isInteger && to.isInteger
            for index in 0..<count {
                let value = load(0, index)
                store(wraps ? to.wrapping(value) : to == .bool && value != 0 ? 1 : value, index)
            }
        case .gelu(let gelu):
            let tanh = Unary(.tanh).function
            let erf = Unary(.erf).function
            for index in 0..<count {
                let x = load(0, index)
                let gate =
                    gelu.isApproximate
                    ? tanh((x + 0.044715 * x * x * x) * (2 / Double.pi).squareRoot())
                    : erf(x * 0.5.squareRoot())
                store(0.5 * x * (1 + gate), index)
            }
        default: break
        }
    }

    private static func select(
        _ dtypes: [DType], _ registers: UnsafeMutableBufferPointer<UnsafeMutableRawPointer>,
        _ arguments: [Int], _ target: UnsafeMutableRawPointer, _ dtype: DType, _ count: Int
    ) {
        func pick<Element: BitwiseCopyable>(_ type: Element.Type) {
            let condition = registers[arguments[0]].assumingMemoryBound(to: UInt8.self)
            let x = registers[arguments[1]].assumingMemoryBound(to: type)
            let y = registers[arguments[2]].assumingMemoryBound(to: type)
            let z = target.assumingMemoryBound(to: type)
            for index in 0..<count { z[index] = condition[index] != 0 ? x[index] : y[index] }
        }
        switch dtype.byteCount {
        case 1: pick(UInt8.self)
        case 2: pick(UInt16.self)
        case 4: pick(UInt32.self)
        default: pick(UInt64.self)
        }
    }
}

/// Comparisons of f32 blocks, as bytes 0 and 1.
private enum FloatComparison {
    static func run(
        _ direction: Compare.Direction, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
        _ y: UnsafeMutablePointer<UInt8>, _ count: Int
    ) {
        switch direction {
        case .eq: for index in 0..<count { y[index] = a[index] == b[index] ? 1 : 0 }
        case .ne: for index in 0..<count { y[index] = a[index] != b[index] ? 1 : 0 }
        case .lt: for index in 0..<count { y[index] = a[index] < b[index] ? 1 : 0 }
        case .le: for index in 0..<count { y[index] = a[index] <= b[index] ? 1 : 0 }
        case .gt: for index in 0..<count { y[index] = a[index] > b[index] ? 1 : 0 }
        case .ge: for index in 0..<count { y[index] = a[index] >= b[index] ? 1 : 0 }
        }
    }
}
