import ArgumentParser

/// The root of the command line. Each command is one file in `Commands`.
struct MartletCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "martlet",
        abstract: "Declare, train, inspect and ship small transformers on ordinary CPUs.",
        subcommands: [
            ModelsCommand.self, SummaryCommand.self, TrainCommand.self, EvaluateCommand.self,
            PredictCommand.self, LessonCommand.self, TokenizeCommand.self, EncodeCommand.self,
            InspectCommand.self, BenchCommand.self, CalibrateCommand.self,
        ])
}
