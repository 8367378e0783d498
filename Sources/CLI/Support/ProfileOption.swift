import ArgumentParser
import Martlet

/// `--profile`, wherever steps run again and again.
struct ProfileOption: ParsableArguments {
    @Option(
        name: .customLong("profile"),
        help: ArgumentHelp(
            "Write the times of each kernel on each thread, for chrome://tracing or Perfetto.",
            valueName: "trace.json"))
    var path: String?

    /// What the steps record into; nil without the option.
    ///
    /// - Throws: `UserError` where the file cannot be written.
    func begin() throws -> PlanProfile? {
        guard let path else { return nil }
        try OutputPath.requireFile(path, option: "--profile")
        return PlanProfile()
    }

    /// Writes what was recorded.
    func finish(_ profile: PlanProfile?, model: String) throws {
        guard let path, let profile else { return }
        try ChromeTrace(profile, title: model).write(to: path)
    }
}
