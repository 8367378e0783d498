import MartletMemoryPlan
import Testing

@Suite struct SharingTests {
    private func buffer(
        _ name: String, _ byteCount: Int, _ steps: ClosedRange<Int>,
        _ sharing: MemoryBuffer.Sharing = .own
    ) -> MemoryBuffer {
        MemoryBuffer(
            name: name, byteCount: byteCount, firstUse: steps.lowerBound,
            lastUse: steps.upperBound, alignmentByteCount: 1, sharing: sharing)
    }

    @Test func anOperationWorksInPlaceOfWhatItReadsLast() throws {
        let plan = try validPlan([
            buffer("x", 64, 0...1), buffer("relu", 64, 1...2, .may([0])),
            buffer("scaled", 64, 2...3, .may([1])),
        ])
        #expect(plan.offsets == [0, 0, 0])
        #expect(plan.peakByteCount == 64)
        #expect(plan.lowerBoundByteCount == 64)
    }

    @Test func aSmallerResultMayTakeTheBeginning() throws {
        let plan = try validPlan([buffer("x", 64, 0...1), buffer("half", 32, 1...2, .may([0]))])
        #expect(plan.offsets == [0, 0])
        #expect(plan.peakByteCount == 64)
    }

    @Test func aPermissionThatDoesNotApplyIsIgnored() throws {
        let livesOn = try validPlan([buffer("x", 64, 0...2), buffer("y", 64, 1...2, .may([0]))])
        #expect(livesOn.peakByteCount == 128)
        let larger = try validPlan([buffer("x", 32, 0...1), buffer("y", 64, 1...2, .may([0]))])
        #expect(larger.peakByteCount == 96)
        #expect(larger.lowerBoundByteCount == 96)
    }

    @Test func onlyOneTakesThePlace() throws {
        let plan = try validPlan([
            buffer("x", 64, 0...1), buffer("y", 64, 1...2, .may([0])),
            buffer("z", 64, 1...2, .may([0])),
        ])
        #expect(plan.peakByteCount == 128)
        #expect(plan.lowerBoundByteCount == 128)
    }

    @Test func aSumTakesThePlaceOfEitherTerm() throws {
        let plan = try validPlan([
            buffer("kept", 64, 0...9), buffer("last", 64, 0...1),
            buffer("sum", 64, 1...9, .may([0, 1])),
        ])
        #expect(plan.offsets[2] == plan.offsets[1])
        #expect(plan.peakByteCount == 128)
    }

    /// y lives for one step: x and z would meet on the same bytes without a permission.
    @Test func permissionsAreNotPassedOnWithinOneStep() throws {
        let plan = try validPlan([
            buffer("x", 64, 0...1), buffer("y", 64, 1...1, .may([0])),
            buffer("z", 64, 1...2, .may([1])),
        ])
        #expect(plan.offsets[0] != plan.offsets[2])
        #expect(plan.peakByteCount == 128)
    }

    @Test func viewsAndUpdatesKeepTheirChainAliveBetweenUses() throws {
        let plan = try validPlan([
            buffer("weights", 64, 0...0), buffer("between", 32, 1...3),
            buffer("view", 16, 4...5, .must(0)), buffer("updated", 64, 6...8, .must(2)),
        ])
        #expect(plan.offsets[0] == plan.offsets[2])
        #expect(plan.offsets[0] == plan.offsets[3])
        #expect(plan.peakByteCount == 96)
        #expect(plan.lowerBoundByteCount == 96)
        #expect(plan.naiveByteCount == 176)
    }

    @Test func aChainHasItsLargestSizeAndAlignment() throws {
        var buffers = [
            buffer("other", 20, 0...9), buffer("x", 16, 0...1), buffer("y", 48, 2...9, .must(1)),
        ]
        buffers[2].alignmentByteCount = 32
        let plan = try validPlan(buffers)
        #expect(plan.offsets == [48, 0, 0])
    }

    @Test func aResultMayTakeThePlaceOfAViewThatEndsItsChain() throws {
        let plan = try validPlan([
            buffer("x", 64, 0...1), buffer("reshaped", 64, 1...2, .must(0)),
            buffer("relu", 64, 2...3, .may([1])),
        ])
        #expect(plan.peakByteCount == 64)
    }
}
