import TestSupport
import Testing

@Suite struct ComparisonTests {
    @Test func namesTheWorstElementByItsCoordinates() {
        let message = mismatch(
            [1, 2, 3, 4.5, 5, 7], [1, 2, 3, 4, 5, 6], shape: [2, 3],
            tolerance: Tolerance(relative: 0, absolute: 0.25))
        #expect(
            message == """
                2 of 6 values differ; worst at [1, 2]: 7.0 instead of 6.0; max absolute error \
                1.0, max relative error 0.16666666666666666, allowed 0.25 + 0.0 · |expected|
                """)
    }

    @Test func notFiniteNumbersAreEqualOnlyToThemselves() {
        let tolerance = Tolerance(relative: 1, absolute: 1e9)
        #expect(tolerance.allows(.nan, .nan))
        #expect(tolerance.allows(.infinity, .infinity))
        #expect(!tolerance.allows(.infinity, -.infinity))
        #expect(!tolerance.allows(1, .infinity))
        #expect(!tolerance.allows(.nan, 1))
        #expect(mismatch([.nan], [1], tolerance: tolerance) != nil)
    }

    @Test func countsMustAgree() {
        #expect(mismatch([1], [1, 2], tolerance: .exact) == "1 values instead of 2")
    }
}

@Suite struct RandomSeedTests {
    @Test func splitMixIsThePublishedGenerator() {
        var random = SplitMix64(seed: 1_234_567)
        let first = (0..<3).map { _ in random.next() }
        #expect(
            first == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
            ])
    }

    @Test func everySeedRunsAndAFailureNamesItsSeed() {
        struct Broken: Error {}
        var seeds: [UInt64?] = []
        withKnownIssue {
            withEvery(seed: 3..<6) { _ in
                seeds.append(RandomSeed.current)
                if RandomSeed.current == 4 { throw Broken() }
            }
        } matching: { issue in
            issue.error is Broken && issue.comments == ["seed 4"]
        }
        #expect(seeds == [3, 4, 5])
    }
}
