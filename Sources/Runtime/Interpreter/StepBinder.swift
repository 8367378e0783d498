import MartletIR

/// Turns the steps of a plan into phases for the thread pool, once for each combination of
/// extents. What a phase does is the backend's affair.
protocol StepBinder: Sendable {
    func bind(_ step: PlanStep, _ context: BindingContext) throws -> [Phase]
}

/// What a step is bound to: addresses, extents, scratch memory, and where its errors go.
struct BindingContext {
    /// The first byte of each buffer of the plan.
    let addresses: [UnsafeMutableRawPointer]
    let extents: SymbolExtents
    let scratch: Scratch
    let failure: RunFailure

    func shape(_ value: PlanValue) -> [Int] { value.type.shape.evaluated { extents($0) } ?? [] }

    func elementCount(_ value: PlanValue) -> Int { shape(value).reduce(1, *) }

    func raw(_ value: PlanValue) -> UnsafeMutableRawPointer { addresses[value.buffer] }

    func pointer<Element>(
        _ value: PlanValue, as type: Element.Type = Element.self
    ) -> UnsafeMutablePointer<Element> {
        addresses[value.buffer].assumingMemoryBound(to: type)
    }

    func floats(_ value: PlanValue) -> UnsafeMutablePointer<Float> {
        pointer(value, as: Float.self)
    }
}
