import AllocationCounter
import MartletIR
import MartletRuntime
import Testing

struct PlanProfileTests {
    /// Two steps over an odd number of rows, by name `softmax.0` and `cluster.1`.
    private static func session(
        _ profile: PlanProfile?, threadCount: Int
    ) throws -> PlanSession {
        let b = GraphBuilder()
        let type = TensorType(.f32, [Dimension(Symbol("batch", bound: 999)), 33])
        let x = try b.append(.input(Input("x", role: .data, type: type)))
        let y = try b.append(.softmax(Softmax(axis: 1)), x)
        b.output("y", try b.unary(.tanh, y))
        return try PlanSession(
            Plan(b.build()), store: ParameterStore(), pool: ThreadPool(threadCount: threadCount),
            profile: profile)
    }

    @Test(arguments: [1, 2, 4]) func slicesCoverEveryPartOfEveryRun(threadCount: Int) throws {
        let profile = PlanProfile()
        let session = try Self.session(profile, threadCount: threadCount)
        profile.isRecording = false
        try session.run()
        profile.isRecording = true
        for _ in 0..<5 { try session.run() }
        let slices = profile.slices
        #expect(profile.kernels.map(\.name) == ["softmax.0", "cluster.1"])
        #expect(profile.kernels[1].cost.elementOperationCount == 999 * 33)
        #expect(Set(slices.map(\.run)) == Set(2...6), "the first run was not to be recorded")
        for run in 2...6 {
            for (number, kernel) in profile.kernels.enumerated() {
                let visit = slices.filter { $0.run == run && $0.kernel == number }
                #expect(visit.reduce(0) { $0 + $1.partCount } == kernel.partCount)
                #expect(Set(visit.map(\.thread)).count == visit.count, "one slice a thread")
                #expect(visit.allSatisfy { $0.thread < threadCount })
            }
        }
        // A kernel begins when the one before it is complete.
        for run in 2...6 {
            let visit = slices.filter { $0.run == run }
            let end = visit.filter { $0.kernel == 0 }.map(\.endNanoseconds).max() ?? .max
            #expect(visit.filter { $0.kernel == 1 }.allSatisfy { $0.startNanoseconds >= end })
        }
        let times = profile.kernelTimes
        #expect(Set(times.map(\.name)) == ["softmax.0", "cluster.1"])
        #expect(times.allSatisfy { $0.runCount == 5 && $0.milliseconds > 0 })
        #expect(times[0].milliseconds >= times[1].milliseconds)
    }

    @Test func aFullRingKeepsTheLatestWholeRuns() throws {
        let profile = PlanProfile(sliceCapacity: 7)
        let session = try Self.session(profile, threadCount: 1)
        for _ in 0..<10 { try session.run() }
        // Two slices a run: the half of run 7 that is left is not shown.
        #expect(profile.slices.map(\.run) == [8, 8, 9, 9, 10, 10])
    }

    @Test(.enabled(if: allocation_counter_is_available(), "a sanitizer counts its own way"))
    func recordingAllocatesNothing() async {
        await #expect(processExitsWith: .success) {
            let profile = PlanProfile(sliceCapacity: 64)
            let session = try PlanProfileTests.session(profile, threadCount: 3)
            let extents = SymbolExtents(["batch": 77])
            // A thread's first part may come late where there are fewer CPUs than threads.
            var threads: Set<Int> = []
            for _ in 0..<100_000 where threads.count < 3 {
                try session.run(extents)
                threads.formUnion(profile.slices.map(\.thread))
            }
            // The counter is the process's: another of its threads may allocate now and then.
            var count = UInt64.max
            for _ in 0..<5 where count > 0 {
                allocation_counter_start()
                for _ in 0..<50 { try session.run(extents) }
                count = min(count, allocation_counter_stop())
            }
            #expect(count == 0, "\(count) allocations")
            #expect(!profile.slices.isEmpty)
        }
    }
}
