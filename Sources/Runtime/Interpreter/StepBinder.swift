import MartletIR

/// Turns the steps of a plan into phases for the thread pool, once for each combination of
/// extents. What a phase does is the backend's affair.
package protocol StepBinder: Sendable {
    func bind(_ step: PlanStep, _ context: BindingContext) throws -> [Phase]

    /// Phases that add the step's result to what its buffer holds; nil where the backend has none.
    func bindAdding(_ step: PlanStep, _ context: BindingContext) throws -> [Phase]?

    /// What has to run before the steps whenever parameters have changed.
    func preparation(_ context: BindingContext) throws -> [Phase]

    /// The names of the phases that `bind` makes of a step, in their order; the last one goes for
    /// all that follow.
    func kernelNames(_ step: PlanStep, index: Int, _ context: BindingContext) -> [String]
}

extension StepBinder {
    package func bindAdding(_ step: PlanStep, _ context: BindingContext) throws -> [Phase]? {
        nil
    }

    package func preparation(_ context: BindingContext) throws -> [Phase] { [] }

    package func kernelNames(
        _ step: PlanStep, index: Int, _ context: BindingContext
    ) -> [String] {
        [step.routineName(index: index)]
    }
}

extension PlanStep {
    /// `attention.12`: what runs, and the number of its step in the plan.
    package func routineName(index: Int) -> String { "\(label.prefix { $0 != "(" }).\(index)" }
}

/// What a step is bound to: addresses, extents, scratch memory, and where its errors go.
package struct BindingContext {
    /// The first byte of each buffer of the plan.
    package internal(set) var addresses: [UnsafeMutableRawPointer]
    package let extents: SymbolExtents
    package let scratch: Scratch
    package let failure: RunFailure
    /// Where a step of a slice finds the slice's first entry in the batch; nil outside slices.
    package let firstEntry: UnsafeMutablePointer<Int64>?

    init(
        addresses: [UnsafeMutableRawPointer], extents: SymbolExtents, scratch: Scratch,
        failure: RunFailure, firstEntry: UnsafeMutablePointer<Int64>? = nil
    ) {
        self.addresses = addresses
        self.extents = extents
        self.scratch = scratch
        self.failure = failure
        self.firstEntry = firstEntry
    }

    /// The number, in the whole batch, of a value's first element or row, where each entry of the
    /// batch has `perEntry` of them.
    package func firstNumber(perEntry: Int) -> () -> Int {
        guard let firstEntry else { return { 0 } }
        return { Int(firstEntry.pointee) * perEntry }
    }

    package func shape(_ value: PlanValue) -> [Int] {
        value.type.shape.evaluated { extents($0) } ?? []
    }

    package func elementCount(_ value: PlanValue) -> Int { shape(value).reduce(1, *) }

    package func raw(_ value: PlanValue) -> UnsafeMutableRawPointer { addresses[value.buffer] }

    package func pointer<Element>(
        _ value: PlanValue, as type: Element.Type = Element.self
    ) -> UnsafeMutablePointer<Element> {
        addresses[value.buffer].assumingMemoryBound(to: type)
    }

    package func floats(_ value: PlanValue) -> UnsafeMutablePointer<Float> {
        pointer(value, as: Float.self)
    }
}
