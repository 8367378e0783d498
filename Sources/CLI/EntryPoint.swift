import ArgumentParser

/// Runs a command and turns what it throws into a message and an exit code.
///
/// | Exit code | Means |
/// |---|---|
/// | 0 | done |
/// | 2 | something the user gave is wrong; standard error says what, where and how to mend it |
/// | 130, 143 | stopped by an interrupt (Ctrl-C) or a request to terminate |
@main
enum EntryPoint {
    static func main() async {
        do {
            var command = try MartletCommand.parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let code as ExitCode {
            MartletCommand.exit(withError: code)
        } catch {
            fail(error)
        }
    }

    private static func fail(_ error: any Error) -> Never {
        // Help and version are errors to the parser, with exit code 0.
        if MartletCommand.exitCode(for: error) == .success { MartletCommand.exit(withError: error) }
        let message = MartletCommand.fullMessage(for: error)
        StandardError.print(message.hasPrefix("Error: ") ? message : "Error: \(message)")
        MartletCommand.exit(withError: ExitCode(2))
    }
}
