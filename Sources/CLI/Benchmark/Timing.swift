import Glibc
import Martlet

extension ContinuousClock.Instant {
    func milliseconds(since start: ContinuousClock.Instant) -> Double {
        let parts = (self - start).components
        return Double(parts.seconds) * 1e3 + Double(parts.attoseconds) * 1e-15
    }
}

/// Milliseconds of each of many runs.
struct Timing {
    let milliseconds: [Double]

    /// Three runs to warm up, then at least five and for as long as asked.
    ///
    /// - Parameter profile: records the timed runs only.
    init(seconds: Double, profile: PlanProfile? = nil, _ body: () throws -> Void) rethrows {
        profile?.isRecording = false
        for _ in 0..<3 { try body() }
        profile?.isRecording = true
        let clock = ContinuousClock()
        let begin = clock.now
        var milliseconds: [Double] = []
        while milliseconds.count < 5 || clock.now.milliseconds(since: begin) < seconds * 1e3 {
            let start = clock.now
            try body()
            milliseconds.append(clock.now.milliseconds(since: start))
        }
        self.milliseconds = milliseconds.sorted()
    }

    var minimum: Double { milliseconds[0] }

    var median: Double {
        let middle = milliseconds.count / 2
        return milliseconds.count.isMultiple(of: 2)
            ? (milliseconds[middle - 1] + milliseconds[middle]) / 2 : milliseconds[middle]
    }
}

enum Machine {
    /// What these threads reach at best: the fastest float32 product of two matrices of 1,024
    /// rows and columns, in floating-point operations per second.
    static func peakFloatingPointRate(pool: ThreadPool) throws -> Double {
        let builder = GraphBuilder(name: "peak")
        let type = TensorType(.f32, [1024, 1024])
        let left = try builder.append(.input(MartletIR.Input("left", role: .data, type: type)))
        let right = try builder.append(.input(MartletIR.Input("right", role: .data, type: type)))
        let product = try builder.append(
            .dotGeneral(DotGeneral(leftContracting: [1], rightContracting: [0])), left, right)
        builder.output("product", product)
        let plan = try Plan(builder.build())
        let session = try PlanSession(plan, store: ParameterStore(), pool: pool)
        let timing = try Timing(seconds: 0.5) { try session.run() }
        return plan.productOperationCount(SymbolExtents()) / (timing.minimum * 1e-3)
    }

    /// The largest resident set of this process so far.
    static var peakMemoryByteCount: Int {
        var usage = rusage()
        getrusage(Int32(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss * 1024
    }
}
