import Foundation
import MartletRuntime
import Testing

@Suite struct KernelVectorMathTests {
    /// Units in the last place of the Float nearest to `exact`.
    func ulps(_ x: Float, _ exact: Double) -> Double {
        let nearest = Float(exact)
        if x == nearest { return 0 }
        if x.isNaN && exact.isNaN { return 0 }
        if abs(exact) < Double(Float.leastNormalMagnitude) * 1.0001 && x == 0 { return 0 }
        guard x.isFinite, nearest.isFinite else { return .infinity }
        return abs(Double(x) - exact) / Double(max(nearest.ulp, .leastNormalMagnitude.ulp))
    }

    func worst(
        _ range: ClosedRange<Float>, _ f: (Float8) -> Float8, _ exact: (Double) -> Double
    ) -> Double {
        var sampler = Sampler(7)
        var worst = 0.0
        for index in 0..<40_000 {
            var x = Float8.zero
            for lane in 0..<8 {
                x[lane] = sampler.float(range)
                // A quarter of the samples near zero, at every magnitude.
                if index % 4 == 0 && range.contains(0) {
                    x[lane] *= Float(sign: .plus, exponent: -index / 4 % 40, significand: 1)
                }
            }
            let y = f(x)
            for lane in 0..<8 { worst = max(worst, ulps(y[lane], exact(Double(x[lane])))) }
        }
        return worst
    }

    @Test func exponentialsStayWithinTwoUlps() {
        #expect(worst(-87.3...88.7, VectorMath.exp, Foundation.exp) <= 2)
        #expect(worst(-87.3...0, VectorMath.expOfNonPositive, Foundation.exp) <= 2)
        #expect(worst(-126...127.9, VectorMath.exp2, Foundation.exp2) <= 2)
    }

    @Test func logarithmStaysWithinTwoUlps() {
        #expect(worst(1e-30...4, VectorMath.log, Foundation.log) <= 2)
        #expect(worst(0.5...1.5, VectorMath.log, Foundation.log) <= 2)
        #expect(worst(.leastNonzeroMagnitude...1e-38, VectorMath.log, Foundation.log) <= 2)
        #expect(worst(1...3e38, VectorMath.log, Foundation.log) <= 2)
    }

    @Test func curvesStayWithinFewUlps() {
        #expect(worst(-10...10, VectorMath.tanh, Foundation.tanh) <= 3)
        #expect(worst(-1...1, VectorMath.tanh, Foundation.tanh) <= 3)
        #expect(worst(-5...5, VectorMath.erf, Foundation.erf) <= 3)
        #expect(worst(-1...1, VectorMath.erf, Foundation.erf) <= 3)
        #expect(worst(-80...80, VectorMath.sigmoid) { 1 / (1 + Foundation.exp(-$0)) } <= 4)
    }

    @Test(arguments: [
        Float.infinity, -.infinity, .nan, 0, -0.0, .leastNonzeroMagnitude, -.leastNonzeroMagnitude,
        3.4e38, -3.4e38, 88.722_83,
        88.722_84, 88.8, -87.336_54, -87.4, -103, 127.999_99, 128, -126, -126.1, -150, 0.625,
        0.92, -0.92, 4, 20, 1, .leastNormalMagnitude, 0.707_106_8, Float(bitPattern: 0x7FC0_0001),
        Float(bitPattern: 0xFFFF_FFFF),
    ])
    func edgesFollowTheMathematicalLibrary(x: Float) {
        let v = Float8(repeating: x)
        let d = Double(x)
        #expect(ulps(VectorMath.exp(v)[3], Foundation.exp(d)) <= 2)
        #expect(ulps(VectorMath.exp2(v)[3], Foundation.exp2(d)) <= 2)
        #expect(ulps(VectorMath.log(v)[3], Foundation.log(d)) <= 2)
        #expect(ulps(VectorMath.tanh(v)[3], Foundation.tanh(d)) <= 3)
        #expect(ulps(VectorMath.erf(v)[3], Foundation.erf(d)) <= 3)
        #expect(ulps(VectorMath.sigmoid(v)[3], 1 / (1 + Foundation.exp(-d))) <= 4)
        if !(x > 0) { #expect(ulps(VectorMath.expOfNonPositive(v)[3], Foundation.exp(d)) <= 2) }
    }

    @Test func negativeZeroKeepsItsSign() {
        #expect(VectorMath.tanh(Float8(repeating: -0.0))[0].sign == .minus)
        #expect(VectorMath.erf(Float8(repeating: -0.0))[0].sign == .minus)
    }
}
