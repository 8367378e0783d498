import MartletMemoryPlan
import Testing

@Suite struct MemoryPictureTests {
    private var plan: MemoryPlan {
        get throws {
            try validPlan([
                MemoryBuffer(
                    name: "kept", byteCount: 400, firstUse: 0, lastUse: 7, alignmentByteCount: 1),
                MemoryBuffer(
                    name: "early", byteCount: 200, firstUse: 0, lastUse: 3, alignmentByteCount: 1),
                MemoryBuffer(
                    name: "late", byteCount: 100, firstUse: 5, lastUse: 7, alignmentByteCount: 1),
            ])
        }
    }

    @Test func showsBytesOverSteps() throws {
        #expect(
            try plan.picture(columnCount: 8, rowCount: 6) == """
                BBBB....
                BBBB.CCC
                AAAAAAAA
                AAAAAAAA
                AAAAAAAA
                AAAAAAAA
                steps 0..<8 from left to right, bytes 0..<600 upwards
                A kept: 400 bytes at 0, steps 0...7
                B early: 200 bytes at 400, steps 0...3
                C late: 100 bytes at 400, steps 5...7
                arena 600 bytes, lower bound 600 (step 0), without sharing 700

                """)
    }

    @Test(arguments: [(-3, 0), (1, 1), (7, 5), (80, 24), (100_000, 100_000)])
    func staysWithinItsBounds(columnCount: Int, rowCount: Int) throws {
        let large = try validPlan(TransformerTraining(layerCount: 2).problem())
        for plan in [try plan, large] {
            let lines = plan.picture(columnCount: columnCount, rowCount: rowCount)
                .split(separator: "\n")
            let rows = lines.prefix { !$0.hasPrefix("steps ") }
            #expect((1...min(max(rowCount, 1), 200)).contains(rows.count))
            for row in rows {
                #expect((1...min(max(columnCount, 1), 400)).contains(row.count))
                #expect(row.count == rows[0].count)
            }
        }
    }

    @Test func anEmptyPlanAndEndlessStepsCanBeShown() throws {
        #expect(
            try validPlan([]).picture() == """
                .
                steps 0..<1 from left to right, bytes 0..<0 upwards
                arena 0 bytes, lower bound 0 (step 0), without sharing 0

                """)
        let endless = try validPlan([
            MemoryBuffer(
                name: "a", byteCount: .max, firstUse: 0, lastUse: .max - 1, alignmentByteCount: 1)
        ])
        for columnCount in [1, 7, 80] {
            #expect(endless.picture(columnCount: columnCount, rowCount: 3).hasPrefix("A"))
        }
    }
}
