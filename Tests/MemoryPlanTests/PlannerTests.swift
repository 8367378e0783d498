import Foundation
import MartletMemoryPlan
import Testing

/// Plans, and lets the validator look at the result.
func validPlan(
    _ problem: MemoryProblem, planner: MemoryPlanner = MemoryPlanner()
) throws -> MemoryPlan {
    let plan = planner.plan(problem)
    try MemoryPlanValidator.validate(plan)
    return plan
}

func validPlan(_ buffers: [MemoryBuffer]) throws -> MemoryPlan {
    try validPlan(MemoryProblem(buffers: buffers))
}

@Suite struct PlannerTests {
    /// Enough for all orders and a short climb.
    private let shortPlanner = MemoryPlanner(comparisonLimit: 200_000)

    @Test(arguments: 1...300 as ClosedRange<UInt64>)
    func randomPlansAreValid(seed: UInt64) throws {
        let problem = try MemoryProblem.random(bufferCount: Int(seed % 60) + 1, seed: seed)
        let plan = try validPlan(problem, planner: shortPlanner)
        #expect(plan.peakByteCount >= plan.lowerBoundByteCount)
        #expect(
            plan.peakByteCount
                == zip(plan.offsets, problem.buffers).map { $0 + $1.byteCount }
                .max())
        #expect(plan.naiveByteCount == problem.buffers.map(\.byteCount).reduce(0, +))
        #expect(plan == shortPlanner.plan(problem))
    }

    /// Without sharing the bound is the definition, and the busiest step reaches it.
    @Test(arguments: 1...50 as ClosedRange<UInt64>)
    func lowerBoundIsTheLargestSumOfLiveBytes(seed: UInt64) throws {
        var buffers = try MemoryProblem.random(bufferCount: 40, seed: seed).buffers
        for index in buffers.indices { buffers[index].sharing = .own }
        let plan = try validPlan(MemoryProblem(buffers: buffers), planner: shortPlanner)
        func liveByteCount(at step: Int) -> Int {
            buffers.filter { $0.firstUse <= step && step <= $0.lastUse }.map(\.byteCount)
                .reduce(0, +)
        }
        #expect(plan.lowerBoundByteCount == (0..<60).map(liveByteCount).max())
        #expect(liveByteCount(at: plan.busiestStep) == plan.lowerBoundByteCount)
    }

    /// With and without clipping, work in place and fused attention.
    @Test(arguments: 0..<8)
    func transformerTrainingIsWithinTwoPercent(options: Int) throws {
        let training = TransformerTraining(
            keepsGradients: options & 1 != 0, worksInPlace: options & 2 != 0,
            fusesAttention: options & 4 != 0)
        let problem = try training.problem()
        #expect(problem.buffers.count > 1000)
        let plan = try validPlan(problem)
        #expect(Double(plan.peakByteCount) <= 1.02 * Double(plan.lowerBoundByteCount))
        #expect(plan.peakByteCount < plan.naiveByteCount / 2)
    }

    /// Few tokens and kept gradients: the arena is full in several steps that want different orders.
    @Test(arguments: [false, true])
    func smallBatchTrainingIsWithinTwoPercent(worksInPlace: Bool) throws {
        let training = TransformerTraining(
            layerCount: 2, tokenCount: 1024, keepsGradients: true, worksInPlace: worksInPlace)
        let plan = try validPlan(training.problem())
        #expect(Double(plan.peakByteCount) <= 1.02 * Double(plan.lowerBoundByteCount))
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func smallCutRectanglesArePackedAgain(seed: UInt64) throws {
        let problem = try MemoryProblem.cutRectangle(
            stepCount: 40, byteCount: 4096, pieceCount: 12, seed: seed)
        let plan = try validPlan(problem)
        #expect(plan.lowerBoundByteCount == 4096)
        #expect(plan.peakByteCount == 4096)
    }

    @Test func theClimbFindsWhatNoGreedyOrderDoes() throws {
        var solvedByClimb = 0
        for seed in 1...20 as ClosedRange<UInt64> {
            let problem = try MemoryProblem.cutRectangle(
                stepCount: 40, byteCount: 4096, pieceCount: 16, seed: seed)
            let greedy = MemoryPlanner(comparisonLimit: 1).plan(problem)
            let plan = try validPlan(problem)
            try MemoryPlanValidator.validate(greedy)
            #expect(plan.peakByteCount <= greedy.peakByteCount)
            if plan.peakByteCount == 4096, greedy.peakByteCount > 4096 { solvedByClimb += 1 }
        }
        #expect(solvedByClimb >= 3)
    }

    @Test func buffersThatFollowOneAnotherTakeTheSameBytes() throws {
        let plan = try validPlan([
            MemoryBuffer(name: "a", byteCount: 100, firstUse: 0, lastUse: 1),
            MemoryBuffer(name: "b", byteCount: 90, firstUse: 2, lastUse: 3),
            MemoryBuffer(name: "c", byteCount: 80, firstUse: 4, lastUse: 4),
        ])
        #expect(plan.offsets == [0, 0, 0])
        #expect(plan.peakByteCount == 100)
        #expect(plan.lowerBoundByteCount == 100)
        #expect(plan.naiveByteCount == 270)
    }

    @Test func buffersUsedInTheSameStepDoNotShare() throws {
        let plan = try validPlan([
            MemoryBuffer(
                name: "a", byteCount: 100, firstUse: 0, lastUse: 2, alignmentByteCount: 1),
            MemoryBuffer(
                name: "b", byteCount: 90, firstUse: 2, lastUse: 3, alignmentByteCount: 1),
        ])
        #expect(plan.peakByteCount == 190)
        #expect(plan.busiestStep == 2)
    }

    @Test func alignmentIsKeptAndCostsPadding() throws {
        let plan = try validPlan([
            MemoryBuffer(name: "a", byteCount: 100, firstUse: 0, lastUse: 0),
            MemoryBuffer(name: "b", byteCount: 30, firstUse: 0, lastUse: 0),
        ])
        #expect(plan.offsets == [0, 128])
        #expect(plan.peakByteCount == 158)
        #expect(plan.lowerBoundByteCount == 130)
        #expect(plan.alignmentByteCount == 64)
    }

    @Test func nothingAndEmptyBuffersNeedNoArena() throws {
        #expect(try validPlan([]).peakByteCount == 0)
        let plan = try validPlan([
            MemoryBuffer(name: "empty", byteCount: 0, firstUse: 0, lastUse: 9),
            MemoryBuffer(name: "a", byteCount: 8, firstUse: 3, lastUse: 4),
        ])
        #expect(plan.offsets == [0, 0])
        #expect(plan.peakByteCount == 8)
    }

    @Test func theLargestPossibleBufferIsPlaced() throws {
        let plan = try validPlan([
            MemoryBuffer(
                name: "a", byteCount: .max, firstUse: 0, lastUse: .max - 1, alignmentByteCount: 1)
        ])
        #expect(plan.peakByteCount == .max)
    }

    @Test(.enabled(if: isRelease, "speed is judged in release builds"))
    func fiveThousandBuffersTakeLessThanATenthOfASecond() throws {
        var training = TransformerTraining(layerCount: 55, keepsGradients: true, worksInPlace: true)
        training.tokenCount = 1024
        let problem = try training.problem()
        #expect(problem.buffers.count > 5000)
        let durations = (0..<5).map { _ in
            let start = Self.processorSeconds
            let plan = MemoryPlanner().plan(problem)
            #expect(plan.offsets.count == problem.buffers.count)
            return Self.processorSeconds - start
        }
        #expect(try #require(durations.min()) < 0.1)
    }

    /// Time of this thread alone: other work on the machine does not count.
    private static var processorSeconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
    }

    private static var isRelease: Bool {
        #if DEBUG
            false
        #else
            true
        #endif
    }
}
