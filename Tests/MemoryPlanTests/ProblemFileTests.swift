import Foundation
import MartletMemoryPlan
import Testing

@Suite struct ProblemFileTests {
    @Test(arguments: [
        ("in-place-chain", 3_328), ("cut-rectangle", 1_048_576), ("encoder-training", 64_786_944),
    ])
    func committedProblemsComeNearTheirLowerBound(name: String, lowerBound: Int) throws {
        let url = try #require(
            Bundle.module.url(forResource: name, withExtension: "csv", subdirectory: "Problems"))
        let text = try String(contentsOf: url, encoding: .utf8)
        let problem = try MemoryProblem(csv: text)
        #expect(problem.csv == text)
        let plan = try validPlan(problem)
        #expect(plan.lowerBoundByteCount == lowerBound)
        #expect(plan.peakByteCount <= lowerBound + lowerBound / 50)
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func problemsReadBackEqual(seed: UInt64) throws {
        let problem = try MemoryProblem.random(bufferCount: 30, seed: seed)
        #expect(try MemoryProblem(csv: problem.csv) == problem)
    }

    @Test func oddNamesAndLineEndsReadBack() throws {
        let problem = try MemoryProblem(
            buffers: ["a,b", "say \"x\"", "two\nlines", "two\r\nlines", "größe", ""].map {
                MemoryBuffer(name: $0, byteCount: 1, firstUse: 0, lastUse: 0)
            })
        #expect(try MemoryProblem(csv: problem.csv) == problem)
        let plain = try MemoryProblem.random(bufferCount: 3, seed: 1)
        let windows = plain.csv.split(separator: "\n").joined(separator: "\r\n")
        #expect(try MemoryProblem(csv: windows) == plain)
    }

    @Test(arguments: [
        (
            "",
            "line 1: expected the header "
                + "name,first_use,last_use,byte_count,alignment_byte_count,sharing"
        ),
        ("#a,0,1,8,1\n", "line 2: 5 fields; a row has 6"),
        ("#a,0,1,8,1,\nb,0,one,8,1,\n", "line 3: \"one\" is not an integer"),
        (
            "#a,0,1,8,1,with 3\n",
            "line 2: \"with 3\" is no sharing; expected nothing, \"may 3 7\" or \"must 3\""
        ),
        ("#\"a,0,1,8,1,\n", "line 2: a quoted field does not end"),
        ("#a,0,1,-8,1,\n", "\"a\" (buffer 0) has -8 bytes; a size must be 0 or more"),
    ])
    func badFilesAreRefused(rows: String, message: String) {
        let header = "name,first_use,last_use,byte_count,alignment_byte_count,sharing\n"
        let text = rows.replacing("#", with: header)
        let error = #expect(throws: MemoryPlanError.self) { try MemoryProblem(csv: text) }
        #expect(error?.description == "memory plan: \(message)")
    }
}
