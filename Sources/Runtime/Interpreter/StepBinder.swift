import MartletIR

/// Turns the steps of a plan into phases for the thread pool, once for each combination of
/// extents. What a phase does is the backend's affair.
package protocol StepBinder: Sendable {
    func bind(_ step: PlanStep, _ context: BindingContext) throws -> [Phase]
}

/// What a step is bound to: addresses, extents, scratch memory, and where its errors go.
package struct BindingContext {
    /// The first byte of each buffer of the plan.
    package let addresses: [UnsafeMutableRawPointer]
    package let extents: SymbolExtents
    package let scratch: Scratch
    package let failure: RunFailure

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
