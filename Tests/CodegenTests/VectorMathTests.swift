import Foundation
import MartletCodegen
import Testing

/// A kernel that maps `count` elements through `body`.
func mapKernel(
    _ isa: VectorISA, count: Int, _ body: (Value) -> Value
) throws -> LoopFunction {
    let k = LoopBuilder("map")
    let (x, y) = (k.input("x"), k.output("y"))
    k.loop(k.constant(0), k.constant(count), step: isa.lanes) { index in
        let mask = k.firstLanes(k.constant(count) - index, of: isa.lanes)
        let result = body((x + index).load(lanes: isa.lanes, mask: mask))
        (y + index).store(result, mask: mask)
    }
    return try k.finish()
}

/// |actual − exact| in units of the last place of `exact` as a float32.
func ulpError(_ actual: Float, _ exact: Double) -> Double {
    if actual.isNaN || exact.isNaN { return actual.isNaN && exact.isNaN ? 0 : .infinity }
    let rounded = Float(exact)
    if rounded.isInfinite || actual.isInfinite { return rounded == actual ? 0 : .infinity }
    return abs(Double(actual) - exact) / Double(rounded.ulp)
}

struct MathCase: Sendable, CustomTestStringConvertible {
    var name: String
    var largestUlp: Double
    var emit: @Sendable (Value) -> Value
    var exact: @Sendable (Double) -> Double

    var testDescription: String { name }

    static let all: [MathCase] = [
        MathCase(name: "exp", largestUlp: 1.5, emit: VectorMath.exp, exact: Foundation.exp),
        MathCase(name: "exp2", largestUlp: 1.5, emit: VectorMath.exp2, exact: Foundation.exp2),
        MathCase(name: "log", largestUlp: 1.5, emit: VectorMath.log, exact: Foundation.log),
        MathCase(name: "tanh", largestUlp: 2, emit: VectorMath.tanh, exact: Foundation.tanh),
        MathCase(name: "erf", largestUlp: 2, emit: VectorMath.erf, exact: Foundation.erf),
        MathCase(
            name: "sigmoid", largestUlp: 3, emit: VectorMath.sigmoid,
            exact: { 1 / (1 + Foundation.exp(-$0)) }),
    ]
}

@Suite struct VectorMathTests {
    /// Every 9973rd bit pattern: all exponents, both signs, subnormals, infinities and NaN.
    static let sample: [Float] =
        stride(from: UInt32(0), to: UInt32.max - 9973, by: 9973)
        .map { Float(bitPattern: $0) } + [0, -0.0, .infinity, -.infinity, .nan]

    @Test(arguments: MathCase.all, Backend.compiled)
    func staysWithinStatedUlp(_ math: MathCase, _ backend: Backend) throws {
        let arrays = Arrays()
        arrays.add(Self.sample)
        arrays.add(Self.sample.map { _ in Float.zero })
        let kernel = try mapKernel(backend.isa, count: Self.sample.count, math.emit)
        try arrays.run(kernel, on: backend)
        var worst = (ulp: 0.0, at: Float.zero)
        for (x, y) in zip(Self.sample, arrays.floats(1)) {
            let error = ulpError(y, math.exact(Double(x)))
            if error > worst.ulp { worst = (error, x) }
        }
        #expect(worst.ulp <= math.largestUlp, "\(math.name): \(worst.ulp) ulp at \(worst.at)")
    }

    @Test(arguments: MathCase.all)
    func interpreterAndNativeCodeAgreeToTheBit(_ math: MathCase) throws {
        let inputs = Self.sample.enumerated().filter { $0.offset % 503 == 0 }.map(\.element)
        let results = try Backend.allCases.map { backend in
            let arrays = Arrays()
            arrays.add(inputs)
            arrays.add(inputs.map { _ in Float.zero })
            try arrays.run(mapKernel(backend.isa, count: inputs.count, math.emit), on: backend)
            return arrays.floats(1).map { $0.isNaN ? Float.nan.bitPattern : $0.bitPattern }
        }
        #expect(results.allSatisfy { $0 == results[0] })
    }

    @Test(arguments: Activation.allCases, Backend.compiled)
    func activationAndDerivative(_ activation: Activation, _ backend: Backend) throws {
        let inputs = stride(from: Float(-12), to: 12, by: 0.037).map { $0 }
        let values = Arrays()
        values.add(inputs)
        values.add(inputs)
        try values.run(
            mapKernel(backend.isa, count: inputs.count, activation.apply), on: backend)
        let exact = inputs.map { reference(activation, Double($0)) }
        #expect(largestError(values.floats(1), exact) < 2e-6)

        let slopes = Arrays()
        slopes.add(activation.derivativeNeedsArgument ? inputs : values.floats(1))
        slopes.add(inputs)
        try slopes.run(
            mapKernel(backend.isa, count: inputs.count, activation.derivative), on: backend)
        let numeric = inputs.map { x in
            let (x, h) = (Double(x), 1e-5)
            return (reference(activation, x + h) - reference(activation, x - h)) / (2 * h)
        }
        #expect(largestError(slopes.floats(1), numeric) < 5e-6)
    }

    private func reference(_ activation: Activation, _ x: Double) -> Double {
        let sigmoid = 1 / (1 + exp(-x))
        return switch activation {
        case .linear: x
        case .relu: max(x, 0)
        case .gelu: x / 2 * (1 + erf(x / 2.0.squareRoot()))
        case .geluTanh: x / 2 * (1 + tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)))
        case .tanh: tanh(x)
        case .sigmoid: sigmoid
        case .silu: x * sigmoid
        case .softplus: log1p(exp(x))
        case .exponential: exp(x)
        }
    }
}
