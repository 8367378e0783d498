import CMartlet
import Glibc
import Synchronization

/// A fork-join pool: a run is a list of phases, a phase a number of parts; the parts of a phase
/// run concurrently, and a phase begins when the one before it is complete.
///
/// Parts are handed out one by one, so nothing may depend on which thread runs a part: then
/// results are the same bits for every thread count. The calling thread takes part. Workers spin
/// for a bounded time after their last part, then sleep until the next run. Running phases, or a
/// body with a context, allocates nothing; a body that captures costs one small allocation.
///
/// While a part runs, its thread rounds to nearest and takes denormal operands and results as
/// zero (FTZ and DAZ), on every thread alike; the caller's own mode is restored afterwards.
///
/// A run started while another is under way on the same pool, by another thread or from inside a
/// part, runs all its parts on its own thread: it neither waits nor deadlocks.
public final class ThreadPool: Sendable {
    /// Threads that take part in a run, the caller included.
    public let threadCount: Int
    private let state: ForkJoinState
    private let workers: [pthread_t]

    /// The pool's threads when none are asked for: the CPUs this process may use.
    public static var defaultThreadCount: Int {
        min(SystemLimits.allowedCPUCount(), maximumThreadCount)
    }

    public static let maximumThreadCount = 1024

    /// Starts `threadCount - 1` workers.
    ///
    /// - Parameters:
    ///   - threadCount: threads that take part in a run, the caller included; by default the CPUs
    ///     that affinity and cgroup allow.
    ///   - spinLimit: pauses that a thread without work spins for before it sleeps. By default
    ///     about 0.1 ms, and far less when there are more threads than CPUs.
    /// - Throws: `ThreadPoolError` if the count is out of range or the system refuses a thread.
    public init(threadCount: Int? = nil, spinLimit: Int? = nil) throws {
        let count = threadCount ?? Self.defaultThreadCount
        guard (1...Self.maximumThreadCount).contains(count) else {
            throw ThreadPoolError.threadCountOutOfRange(count)
        }
        let isOversubscribed = count > SystemLimits.allowedCPUCount()
        state = ForkJoinState(spinLimit: max(0, spinLimit ?? (isOversubscribed ? 64 : 4096)))
        self.threadCount = count
        var started: [pthread_t] = []
        for index in 1..<max(count, 1) {
            do {
                started.append(try WorkerThread.start(index: index, state: state))
            } catch {
                Self.shutDown(state, started)
                throw ThreadPoolError.cannotStart(
                    thread: index + 1, threadCount: count, code: error.code)
            }
        }
        workers = started
    }

    deinit {
        Self.shutDown(state, workers)
    }

    private static func shutDown(_ state: ForkJoinState, _ workers: [pthread_t]) {
        state.stop()
        for worker in workers {
            pthread_join(worker, nil)
        }
    }

    /// Runs `body(part)` for every part in `0 ..< partCount`; returns when all have run.
    ///
    /// The body is called from several threads at once: different parts must not write the same
    /// memory.
    @inlinable
    public func run(partCount: Int, _ body: (_ part: Int) -> Void) {
        run(partCount: partCount) { part, _ in body(part) }
    }

    /// Runs `body(part, worker)` for every part in `0 ..< partCount`.
    ///
    /// `worker`, in `0 ..< threadCount`, tells apart the parts that run at the same time, for
    /// scratch memory. Results must not depend on it.
    public func run(partCount: Int, _ body: (_ part: Int, _ worker: Int) -> Void) {
        // The escaping copy dies in here: `run` returns only after every thread let go of it.
        withoutActuallyEscaping(body) { body in
            run(Phase(partCount: partCount, body))
        }
    }

    /// Runs `body(context, part, worker)` for every part, and allocates nothing if the body
    /// captures nothing: what it needs travels in the context.
    ///
    ///     pool.run(partCount: rowCount, context: (input, output)) { buffers, row, _ in
    ///         buffers.output[row] = 2 * buffers.input[row]
    ///     }
    public func run<Context>(
        partCount: Int, context: Context,
        _ body: @escaping (_ context: Context, _ part: Int, _ worker: Int) -> Void
    ) {
        let work = ContextWork(context: context, body: body)
        inPoolMode {
            if workers.isEmpty || !state.tryRun(work, partCount: partCount) {
                for part in 0..<max(0, partCount) { work.run(part: part, worker: 0) }
            }
        }
    }

    /// Runs one phase.
    public func run(_ phase: Phase) {
        withUnsafePointer(to: phase) { run(UnsafeBufferPointer(start: $0, count: 1)) }
    }

    /// Runs the phases in order, with one wake-up of the workers for all of them.
    public func run(_ phases: [Phase]) {
        phases.withUnsafeBufferPointer { run($0) }
    }

    /// Runs the phases in order, with one wake-up of the workers for all of them.
    public func run(_ phases: UnsafeBufferPointer<Phase>) {
        inPoolMode {
            if workers.isEmpty || !state.tryRun(phases) {
                for phase in phases {
                    for part in 0..<max(0, phase.partCount) { phase.body(part, 0) }
                }
            }
        }
    }

    /// Calls `body` with the floating-point mode that the workers have.
    private func inPoolMode(_ body: () -> Void) {
        let mode = martlet_float_control()
        let poolMode = martlet_float_control_flushing_denormals()
        if mode != poolMode { martlet_set_float_control(poolMode) }
        body()
        if mode != poolMode { martlet_set_float_control(mode) }
    }
}

/// Work that a pool runs in parts; see `ThreadPool`.
///
/// Build phases once and run them many times. Unchecked, because a body usually holds pointers
/// into an arena: whoever writes it answers for parts that do not write the same memory.
public struct Phase: @unchecked Sendable {
    /// Parts to run; may be changed between runs. A phase without parts is passed over.
    public var partCount: Int
    /// Called with the part in `0 ..< partCount` and the number of the thread that runs it.
    public let body: (_ part: Int, _ worker: Int) -> Void

    public init(partCount: Int, _ body: @escaping (_ part: Int, _ worker: Int) -> Void) {
        self.partCount = partCount
        self.body = body
    }
}

/// Why a `ThreadPool` could not be made.
public enum ThreadPoolError: Error, Equatable, CustomStringConvertible {
    case threadCountOutOfRange(Int)
    case cannotStart(thread: Int, threadCount: Int, code: Int32)

    public var description: String {
        switch self {
        case .threadCountOutOfRange(let count):
            "thread pool: \(count) threads asked for, allowed are "
                + "1...\(ThreadPool.maximumThreadCount); leave the count out for one thread a CPU"
        case .cannotStart(let thread, let threadCount, let code):
            "thread pool: the system refused thread \(thread) of \(threadCount) "
                + "(\(SystemLimits.message(errorCode: code))); use fewer threads or raise the "
                + "limit (ulimit -u, or the container's pids limit)"
        }
    }
}
