import ArgumentParser
import Dispatch
import Glibc
import Synchronization

/// Lets work end in good order when the user interrupts it (Ctrl-C) or the system asks it to
/// terminate: the first signal calls `stop`, a second one ends the process at once.
final class InterruptWatch {
    private final class Received: Sendable {
        let signalNumber = Mutex<Int32?>(nil)

        /// Whether no signal came before this one.
        func record(_ number: Int32) -> Bool {
            signalNumber.withLock { first in
                defer { first = first ?? number }
                return first == nil
            }
        }
    }

    private let received = Received()
    private var sources: [any DispatchSourceSignal] = []

    init(stop: @escaping @Sendable () -> Void) {
        for signalNumber in [SIGINT, SIGTERM] {
            // The default action would end the process before the source is told.
            signal(signalNumber, SIG_IGN)
            let source = DispatchSource.makeSignalSource(
                signal: signalNumber, queue: .global(qos: .userInteractive))
            source.setEventHandler { [received] in
                guard received.record(signalNumber) else { _exit(128 + signalNumber) }
                stop()
            }
            source.resume()
            sources.append(source)
        }
    }

    deinit {
        for source in sources { source.cancel() }
        for signalNumber in [SIGINT, SIGTERM] { signal(signalNumber, SIG_DFL) }
    }

    /// 130 after an interrupt, 143 after a request to terminate; nil before either.
    var exitCode: ExitCode? {
        received.signalNumber.withLock { $0.map { ExitCode(128 + $0) } }
    }
}
