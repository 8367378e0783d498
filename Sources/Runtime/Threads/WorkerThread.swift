import CMartlet
import Glibc

/// A POSIX thread that serves a pool.
enum WorkerThread {
    struct Refusal: Error {
        let code: Int32
    }

    private final class Start {
        let index: Int
        let state: ForkJoinState

        init(index: Int, state: ForkJoinState) {
            self.index = index
            self.state = state
        }
    }

    /// Starts worker `index` (1 is the first: 0 is the caller).
    static func start(index: Int, state: ForkJoinState) throws(Refusal) -> pthread_t {
        let start = Unmanaged.passRetained(Start(index: index, state: state))
        // Signals are for the program's own threads; a worker keeps only those it causes itself.
        var blocked = sigset_t()
        var previous = sigset_t()
        sigfillset(&blocked)
        for signal in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT] {
            sigdelset(&blocked, signal)
        }
        pthread_sigmask(SIG_SETMASK, &blocked, &previous)
        defer { pthread_sigmask(SIG_SETMASK, &previous, nil) }
        var thread = pthread_t()
        let code = pthread_create(&thread, nil, { WorkerThread.main($0) }, start.toOpaque())
        guard code == 0 else {
            start.release()
            throw Refusal(code: code)
        }
        return thread
    }

    private static func main(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        guard let argument else { return nil }
        let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
        martlet_set_thread_name("martlet-\(start.index)")
        martlet_set_float_control(martlet_float_control_flushing_denormals())
        start.state.serve(worker: start.index)
        return nil
    }
}
