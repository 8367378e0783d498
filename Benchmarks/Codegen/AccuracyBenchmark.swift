#if LLVM
    import Glibc
    import MartletCodegen

    /// The largest error of each function of the vector mathematics over every `step`-th float32,
    /// against Double.
    func measureAccuracy(_ session: CodegenSession, step: Int) throws {
        let functions: [(String, (Value) -> Value, (Double) -> Double)] = [
            ("exp", VectorMath.exp, exp), ("exp2", VectorMath.exp2, exp2),
            ("log", VectorMath.log, log), ("tanh", VectorMath.tanh, tanh),
            ("erf", VectorMath.erf, erf),
            ("sigmoid", VectorMath.sigmoid, { 1 / (1 + exp(-$0)) }),
        ]
        for (name, emit, exact) in functions {
            let worst = try largestUlp(session, step: step, emit: emit, exact: exact)
            print("\(name): \(format(worst.ulp, 3)) ulp at \(worst.argument)")
        }
        let normal = { (x: Double) in (1 + erf(x / 2.0.squareRoot())) / 2 }
        let gelu = try largestDifference(session, step: step, emit: Activation.gelu.apply) {
            $0 * normal($0)
        }
        print("gelu: absolute error \(gelu.error) at \(gelu.argument)")
        let slope = try largestDifference(session, step: step, emit: Activation.gelu.derivative) {
            normal($0) + $0 * exp(-$0 * $0 / 2) / (2 * Double.pi).squareRoot()
        }
        print("slope of gelu: absolute error \(slope.error) at \(slope.argument)")
    }

    private let blockCount = 1 << 16

    /// A kernel that maps a block of floats.
    private func mapping(_ session: CodegenSession, _ emit: (Value) -> Value) throws
        -> CompiledKernel
    {
        let k = LoopBuilder("map")
        let (x, y) = (k.input("x"), k.output("y"))
        let lanes = session.target.isa.lanes
        k.loop(blockCount, step: lanes) { index in
            (y + index).store(emit((x + index).load(lanes: lanes)))
        }
        return try session.compile(k.finish())
    }

    /// Calls `visit` with every `step`-th finite float32 and its image.
    private func forEachFloat(
        _ kernel: CompiledKernel, step: Int, _ visit: (Float, Float) -> Void
    ) {
        var x = [Float](repeating: 0, count: blockCount)
        var y = x
        for first in stride(from: 0, to: 1 << 32, by: blockCount * step) {
            for index in 0..<blockCount {
                x[index] = Float(bitPattern: UInt32(truncatingIfNeeded: first + index * step))
            }
            x.withUnsafeMutableBytes { x in
                y.withUnsafeMutableBytes { y in
                    kernel.run(buffers: [x.baseAddress, y.baseAddress])
                }
            }
            for index in 0..<blockCount where x[index].isFinite { visit(x[index], y[index]) }
        }
    }

    private func largestUlp(
        _ session: CodegenSession, step: Int, emit: (Value) -> Value, exact: (Double) -> Double
    ) throws -> (ulp: Double, argument: Float) {
        var worst = (ulp: 0.0, argument: Float(0))
        forEachFloat(try mapping(session, emit), step: step) { x, y in
            let truth = exact(Double(x))
            let rounded = Float(truth)
            if rounded.isNaN || rounded.isInfinite || y.isInfinite {
                if rounded.isNaN != y.isNaN || (!y.isNaN && rounded != y) { worst = (.infinity, x) }
                return
            }
            let error = abs(Double(y) - truth) / Double(rounded.ulp)
            if !(error <= worst.ulp) { worst = (error, x) }
        }
        return worst
    }

    private func largestDifference(
        _ session: CodegenSession, step: Int, emit: (Value) -> Value, exact: (Double) -> Double
    ) throws -> (error: Double, argument: Float) {
        var worst = (error: 0.0, argument: Float(0))
        forEachFloat(try mapping(session, emit), step: step) { x, y in
            let error = abs(Double(y) - exact(Double(x)))
            // Beyond the clamp the result is x or 0, exactly.
            if abs(x) < 16, !(error <= worst.error) { worst = (error, x) }
        }
        return worst
    }
#endif
