import MartletIR

/// What the inner loops of a reduction do with one element type.
protocol ReduceOperation {
    associatedtype Element: BitwiseCopyable
    static var identity: Element { get }
    static func combine(_ a: Element, _ b: Element) -> Element
    /// The combination of a run.
    static func fold(_ x: UnsafePointer<Element>, _ count: Int) -> Element
    /// `into[i] = combine(into[i], x[i])`.
    static func accumulate(
        _ x: UnsafePointer<Element>, _ count: Int, into: UnsafeMutablePointer<Element>)
}

extension ReduceOperation {
    @inline(__always)
    static func fold(_ x: UnsafePointer<Element>, _ count: Int) -> Element {
        var result = identity
        for i in 0..<count { result = combine(result, x[i]) }
        return result
    }

    @inline(__always)
    static func accumulate(
        _ x: UnsafePointer<Element>, _ count: Int, into: UnsafeMutablePointer<Element>
    ) {
        for i in 0..<count { into[i] = combine(into[i], x[i]) }
    }

    @inline(__always)
    static func reduce(
        _ kernel: ReduceKernel, units: Range<Int>, steps: Range<Int>, _ x: UnsafeRawPointer,
        _ out: UnsafeMutableRawPointer
    ) {
        let x = x.assumingMemoryBound(to: Element.self)
        let out = out.assumingMemoryBound(to: Element.self)
        for unit in units {
            let place = kernel.place(unit: unit)
            if kernel.reducesRuns {
                var result = identity
                for step in steps {
                    let run = kernel.place(step: step)
                    result = combine(result, fold(x + (place.source + run.source), run.length))
                }
                out[place.result] = result
            } else {
                (out + place.result).update(repeating: identity, count: place.length)
                for step in steps {
                    let run = kernel.place(step: step)
                    accumulate(
                        x + (place.source + run.source), place.length, into: out + place.result)
                }
            }
        }
    }

    @inline(__always)
    static func combine(
        _ partials: UnsafeMutableRawPointer, count: Int, stride: Int, range: Range<Int>,
        into out: UnsafeMutableRawPointer
    ) {
        let partials = partials.assumingMemoryBound(to: Element.self) + range.lowerBound
        let out = out.assumingMemoryBound(to: Element.self) + range.lowerBound
        var step = 1
        while step < count {
            var left = 0
            while left + step < count {
                accumulate(
                    partials + (left + step) * stride, range.count,
                    into: partials + left * stride)
                left += 2 * step
            }
            step *= 2
        }
        out.update(from: partials, count: range.count)
    }
}

/// What a part of a reduction does, before the element type and kind are known.
enum ReduceTask {
    case reduce(
        ReduceKernel, units: Range<Int>, steps: Range<Int>, UnsafeRawPointer,
        UnsafeMutableRawPointer)
    case combine(
        UnsafeMutableRawPointer, count: Int, stride: Int, range: Range<Int>,
        into: UnsafeMutableRawPointer)

    /// Performs the task. A kind and type that the verifier refuses (a sum of bools) do nothing.
    ///
    /// One call per concrete operation, none through an existential: each gets its own loops.
    func perform(_ kind: Reduce.Kind, _ dtype: DType) {
        switch dtype {
        case .f32:
            switch kind {
            case .sum: perform(FloatSum.self)
            case .product: perform(FloatProduct.self)
            case .max: perform(FloatMaximum.self)
            case .min: perform(FloatMinimum.self)
            case .and, .or: break
            }
        case .f64:
            switch kind {
            case .sum: perform(DoubleSum.self)
            case .product: perform(DoubleProduct.self)
            case .max: perform(DoubleMaximum.self)
            case .min: perform(DoubleMinimum.self)
            case .and, .or: break
            }
        case .i8: perform(ofInteger: Int8.self, kind)
        case .i32: perform(ofInteger: Int32.self, kind)
        case .i64: perform(ofInteger: Int64.self, kind)
        case .u8: perform(ofInteger: UInt8.self, kind)
        case .bool:
            switch kind {
            case .and, .min: perform(IntegerMinimum<UInt8, BoolBounds>.self)
            case .or, .max: perform(IntegerMaximum<UInt8, BoolBounds>.self)
            case .sum, .product: break
            }
        case .bf16, .f16: break
        }
    }

    @inline(__always)
    private func perform<T: FixedWidthInteger & BitwiseCopyable>(
        ofInteger _: T.Type, _ kind: Reduce.Kind
    ) {
        switch kind {
        case .sum: perform(IntegerSum<T>.self)
        case .product: perform(IntegerProduct<T>.self)
        case .max: perform(IntegerMaximum<T, WholeRange<T>>.self)
        case .min: perform(IntegerMinimum<T, WholeRange<T>>.self)
        case .and, .or: break
        }
    }

    private func perform<Operation: ReduceOperation>(_: Operation.Type) {
        switch self {
        case .reduce(let kernel, let units, let steps, let x, let out):
            Operation.reduce(kernel, units: units, steps: steps, x, out)
        case .combine(let partials, let count, let stride, let range, let out):
            Operation.combine(partials, count: count, stride: stride, range: range, into: out)
        }
    }
}

private enum FloatSum: ReduceOperation {
    static var identity: Float { 0 }
    @inline(__always) static func combine(_ a: Float, _ b: Float) -> Float { a + b }
    static func fold(_ x: UnsafePointer<Float>, _ count: Int) -> Float {
        sumRange(x, count) { $0 }
    }
    static func accumulate(
        _ x: UnsafePointer<Float>, _ count: Int, into: UnsafeMutablePointer<Float>
    ) { mapRange(into, x, into, count) { $0 + $1 } }
}

private enum FloatProduct: ReduceOperation {
    static var identity: Float { 1 }
    @inline(__always) static func combine(_ a: Float, _ b: Float) -> Float { a * b }
}

/// Not-a-number wins: it stays once met, and the comparison is false when it is met.
private enum FloatMaximum: ReduceOperation {
    static var identity: Float { -.infinity }
    @inline(__always)
    static func combine(_ a: Float, _ b: Float) -> Float { a > b || a != a ? a : b }
    static func fold(_ x: UnsafePointer<Float>, _ count: Int) -> Float {
        foldLanes(x, count, identity, combine) { whereEqual($0, $0, maximum($0, $1), $0) }
    }
}

private enum FloatMinimum: ReduceOperation {
    static var identity: Float { .infinity }
    @inline(__always)
    static func combine(_ a: Float, _ b: Float) -> Float { a < b || a != a ? a : b }
    static func fold(_ x: UnsafePointer<Float>, _ count: Int) -> Float {
        foldLanes(x, count, identity, combine) { whereEqual($0, $0, minimum($0, $1), $0) }
    }
}

@inline(__always)
private func foldLanes(
    _ x: UnsafePointer<Float>, _ count: Int, _ identity: Float, _ combine: (Float, Float) -> Float,
    _ combineLanes: (Float8, Float8) -> Float8
) -> Float {
    var lanes = Float8(repeating: identity)
    var i = 0
    while i &+ 8 <= count {
        lanes = combineLanes(lanes, load8(x + i))
        i &+= 8
    }
    var result = identity
    for lane in 0..<8 { result = combine(result, lanes[lane]) }
    while i < count {
        result = combine(result, x[i])
        i &+= 1
    }
    return result
}

private enum DoubleSum: ReduceOperation {
    static var identity: Double { 0 }
    @inline(__always) static func combine(_ a: Double, _ b: Double) -> Double { a + b }
}

private enum DoubleProduct: ReduceOperation {
    static var identity: Double { 1 }
    @inline(__always) static func combine(_ a: Double, _ b: Double) -> Double { a * b }
}

private enum DoubleMaximum: ReduceOperation {
    static var identity: Double { -.infinity }
    @inline(__always)
    static func combine(_ a: Double, _ b: Double) -> Double { a > b || a != a ? a : b }
}

private enum DoubleMinimum: ReduceOperation {
    static var identity: Double { .infinity }
    @inline(__always)
    static func combine(_ a: Double, _ b: Double) -> Double { a < b || a != a ? a : b }
}

private enum IntegerSum<T: FixedWidthInteger & BitwiseCopyable>: ReduceOperation {
    static var identity: T { 0 }
    @inline(__always) static func combine(_ a: T, _ b: T) -> T { a &+ b }
}

private enum IntegerProduct<T: FixedWidthInteger & BitwiseCopyable>: ReduceOperation {
    static var identity: T { 1 }
    @inline(__always) static func combine(_ a: T, _ b: T) -> T { a &* b }
}

/// The range whose ends are the identities of max and min.
private protocol Bounds<Value> {
    associatedtype Value
    static var least: Value { get }
    static var largest: Value { get }
}

private enum WholeRange<T: FixedWidthInteger>: Bounds {
    static var least: T { .min }
    static var largest: T { .max }
}

private enum BoolBounds: Bounds {
    static var least: UInt8 { 0 }
    static var largest: UInt8 { 1 }
}

private enum IntegerMaximum<T: FixedWidthInteger & BitwiseCopyable, B: Bounds<T>>:
    ReduceOperation
{
    static var identity: T { B.least }
    @inline(__always) static func combine(_ a: T, _ b: T) -> T { a > b ? a : b }
}

private enum IntegerMinimum<T: FixedWidthInteger & BitwiseCopyable, B: Bounds<T>>:
    ReduceOperation
{
    static var identity: T { B.largest }
    @inline(__always) static func combine(_ a: T, _ b: T) -> T { a < b ? a : b }
}
