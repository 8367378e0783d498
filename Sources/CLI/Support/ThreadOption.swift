import ArgumentParser

/// `--threads`, wherever a plan runs.
struct ThreadOption: ParsableArguments {
    @Option(
        name: .customLong("threads"),
        help:
            "Threads that work on a step; one for each CPU by default. Results do not depend on it."
    )
    var count: Int?

    func validate() throws {
        if let count { try requirePositive(count, "--threads") }
    }
}
