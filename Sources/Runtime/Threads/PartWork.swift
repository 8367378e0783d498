/// Work in parts as a value: unlike a closure that captures, it can lie on the caller's stack while
/// the workers run it.
protocol PartWork {
    func run(part: Int, worker: Int)
}

/// A function and what it works on.
struct ContextWork<Context>: PartWork {
    let context: Context
    let body: (_ context: Context, _ part: Int, _ worker: Int) -> Void

    func run(part: Int, worker: Int) {
        body(context, part, worker)
    }
}

extension PartWork {
    static func run(at pointer: UnsafeRawPointer, part: Int, worker: Int) {
        pointer.assumingMemoryBound(to: Self.self).pointee.run(part: part, worker: worker)
    }
}

/// Work of any type, by reference.
struct WorkReference {
    let type: any PartWork.Type
    let pointer: UnsafeRawPointer

    func run(part: Int, worker: Int) {
        type.run(at: pointer, part: part, worker: worker)
    }
}
