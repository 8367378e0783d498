import MartletMemoryPlan
import Testing

@Suite struct MemoryPlanErrorTests {
    private func buffer(
        _ name: String, _ byteCount: Int = 64, _ firstUse: Int = 0, _ lastUse: Int = 3,
        alignment: Int = 1, sharing: MemoryBuffer.Sharing = .own
    ) -> MemoryBuffer {
        MemoryBuffer(
            name: name, byteCount: byteCount, firstUse: firstUse, lastUse: lastUse,
            alignmentByteCount: alignment, sharing: sharing)
    }

    private func expectRefusal(
        of buffers: [MemoryBuffer], saying message: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let error = #expect(throws: MemoryPlanError.self, sourceLocation: sourceLocation) {
            try MemoryProblem(buffers: buffers)
        }
        #expect(error?.description == message, sourceLocation: sourceLocation)
    }

    private func expectInvalid(
        _ buffers: [MemoryBuffer], offsets: [Int], peakByteCount: Int, saying message: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let plan = MemoryPlan(
            problem: try MemoryProblem(buffers: buffers), offsets: offsets,
            peakByteCount: peakByteCount, lowerBoundByteCount: 0, busiestStep: 0)
        let error = #expect(throws: MemoryPlanError.self, sourceLocation: sourceLocation) {
            try MemoryPlanValidator.validate(plan)
        }
        #expect(error?.description == message, sourceLocation: sourceLocation)
    }

    @Test func unsoundBuffersAreRefused() {
        expectRefusal(
            of: [buffer("a"), buffer("b", -4)],
            saying: "memory plan: \"b\" (buffer 1) has -4 bytes; a size must be 0 or more")
        for (first, last) in [(-1, 3), (5, 4), (0, Int.max)] {
            expectRefusal(
                of: [buffer("a", 64, first, last)],
                saying: "memory plan: \"a\" (buffer 0) is used from step \(first) to step \(last); "
                    + "steps count from 0 to less than 9223372036854775807, "
                    + "the first use is not after the last")
        }
        for alignment in [0, -8, 48] {
            expectRefusal(
                of: [buffer("a", alignment: alignment)],
                saying: "memory plan: \"a\" (buffer 0) has an alignment of \(alignment) bytes; "
                    + "it must be a power of two")
        }
    }

    @Test func impossibleSharingIsRefused() {
        for sharing in [MemoryBuffer.Sharing.must(2), .may([0, 2])] {
            expectRefusal(
                of: [buffer("a"), buffer("b", sharing: sharing)],
                saying: "memory plan: \"b\" (buffer 1) shares with buffer 2; "
                    + "it must be another one of 0..<2")
        }
        expectRefusal(
            of: [buffer("a", sharing: .must(0))],
            saying: "memory plan: \"a\" (buffer 0) shares with buffer 0; "
                + "it must be another one of 0..<1")
        expectRefusal(
            of: [
                buffer("a", sharing: .must(2)), buffer("b", sharing: .must(0)),
                buffer("c", sharing: .must(1)),
            ],
            saying: "memory plan: \"b\" (buffer 1) must share with \"a\" (buffer 0) in a circle; "
                + "one buffer of a chain must own its bytes")
    }

    @Test func sizesThatOverflowAreRefused() {
        let message =
            "memory plan: the sizes up to \"b\" (buffer 1) add up to more than "
            + "9223372036854775807 bytes; check its shape, or make the batch or the sequence "
            + "smaller"
        expectRefusal(of: [buffer("a", .max), buffer("b", 1)], saying: message)
        expectRefusal(
            of: [buffer("a"), buffer("b", .max - 10, alignment: 64)], saying: message)
    }

    @Test func anArenaOverTheLimitNamesTheLargestBuffers() throws {
        let plan = try validPlan([
            buffer("scores", 300), buffer("input", 40, 0, 0), buffer("hidden", 200),
            buffer("mean", 10), buffer("output", 100, 2, 3),
        ])
        try plan.checkFits(limitByteCount: 610)
        let error = #expect(throws: MemoryPlanError.self) {
            try plan.checkFits(limitByteCount: 609)
        }
        #expect(
            error?.description
                == "memory plan: the arena needs 610 bytes and the limit is 609; at step 2 the live "
                + "buffers alone need 610, the largest are \"scores\" (300), \"hidden\" (200), "
                + "\"output\" (100); raise the limit, or make the batch or the sequence smaller")
    }

    @Test func theValidatorRefusesBadPlaces() throws {
        try expectInvalid(
            [buffer("a"), buffer("b")], offsets: [0], peakByteCount: 128,
            saying: "memory plan: 1 offsets for 2 buffers; there must be one for each")
        for offset in [-1, 65, Int.max] {
            try expectInvalid(
                [buffer("a")], offsets: [offset], peakByteCount: 128,
                saying: "memory plan: \"a\" (buffer 0) takes 64 bytes at offset \(offset); "
                    + "the arena has bytes 0..<128")
        }
        try expectInvalid(
            [buffer("a", alignment: 64)], offsets: [32], peakByteCount: 128,
            saying: "memory plan: \"a\" (buffer 0) is at offset 32, "
                + "not a multiple of its alignment 64")
        try expectInvalid(
            [buffer("a"), buffer("b", sharing: .must(0))], offsets: [0, 64], peakByteCount: 128,
            saying: "memory plan: \"b\" (buffer 1) is at offset 64 and \"a\" (buffer 0) at 0; "
                + "the former must be in place of the latter")
    }

    @Test func theValidatorRefusesOverlaps() throws {
        let message =
            "memory plan: \"a\" (buffer 0) at bytes 0..<64 and \"b\" (buffer 1) at bytes "
            + "63..<127 are both live at step 3 and overlap"
        try expectInvalid(
            [buffer("a"), buffer("b", 64, 3, 4)], offsets: [0, 63], peakByteCount: 128,
            saying: message)
        // A permission is for the same offset, not for any overlap.
        try expectInvalid(
            [buffer("a"), buffer("b", 64, 3, 4, sharing: .may([0]))], offsets: [0, 63],
            peakByteCount: 128, saying: message)
        // And for the step of the handover only, and not for a larger buffer.
        try expectInvalid(
            [buffer("a", 64, 0, 4), buffer("b", 64, 3, 4, sharing: .may([0]))], offsets: [0, 0],
            peakByteCount: 128,
            saying: "memory plan: \"a\" (buffer 0) at bytes 0..<64 and \"b\" (buffer 1) at bytes "
                + "0..<64 are both live at step 3 and overlap")
        try expectInvalid(
            [buffer("a"), buffer("b", 65, 3, 4, sharing: .may([0]))], offsets: [0, 0],
            peakByteCount: 128,
            saying: "memory plan: \"a\" (buffer 0) at bytes 0..<64 and \"b\" (buffer 1) at bytes "
                + "0..<65 are both live at step 3 and overlap")
        // The bytes of a chain are taken between its uses too.
        try expectInvalid(
            [
                buffer("a", 64, 0, 0), buffer("b", 8, 2, 2),
                buffer("c", 64, 4, 4, sharing: .must(0)),
            ],
            offsets: [0, 0, 0], peakByteCount: 64,
            saying: "memory plan: \"a\" (buffer 0) at bytes 0..<64 and \"b\" (buffer 1) at bytes "
                + "0..<8 are both live at step 2 and overlap")
    }
}
