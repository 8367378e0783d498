import MartletIR
import MartletMemoryPlan
import MartletRuntime
import TestSupport
import Testing

/// A plan with its inputs filled, in an arena of NaN, ready to run.
package struct PlanRunner {
    package let plan: Plan
    private let session: PlanSession
    private let inputs: [String: ReferenceTensor]
    private let extents: SymbolExtents

    /// - Parameters:
    ///   - binder: the backend to run on, made for the plan; interpreted by default.
    ///   - prepare: changes the plan before it is bound: takes it in slices, say.
    package init(
        _ graph: Graph, _ inputs: [String: ReferenceTensor], extents: [String: Int],
        pool: ThreadPool, binder: (Plan) throws -> any StepBinder = { _ in InterpretedBinder() },
        prepare: (Plan) throws -> Plan = { $0 }
    ) throws {
        plan = try prepare(Plan(graph))
        try MemoryPlanValidator.validate(plan.memory)
        if let slicing = plan.slicing { try MemoryPlanValidator.validate(slicing.memory) }
        session = try PlanSession(
            plan, store: ParameterStore(), pool: pool, binder: binder(plan), finiteOutputs: [],
            isPoisoned: true)
        self.inputs = inputs
        self.extents = SymbolExtents(extents)
    }

    private func loadInputs() throws {
        for input in plan.inputs {
            let name = input.input.inputName
            let value = try #require(inputs[name])
            let base = try #require(session.address(ofInput: name))
            for (index, element) in value.elements.enumerated() {
                ElementAccess.store(element, to: base, value.dtype, at: index)
            }
        }
    }

    /// The outputs by name, and the inputs after the run, as `updated NAME`.
    package func run() throws -> [String: ReferenceTensor] {
        try loadInputs()
        try session.run(extents)
        var results: [String: ReferenceTensor] = [:]
        for output in plan.outputs {
            let (base, type) = try #require(session.output(output.name))
            results[output.name] = try tensor(base, type)
        }
        for input in plan.inputs {
            let name = input.input.inputName
            let base = try #require(session.address(ofInput: name))
            results["updated " + name] = try tensor(base, input.input.type)
        }
        return results
    }

    private func tensor(
        _ base: UnsafeRawPointer, _ type: TensorType
    ) throws -> ReferenceTensor {
        let shape = try #require(type.shape.evaluated { extents($0) })
        let elements = (0..<shape.reduce(1, *)).map {
            ElementAccess.load(base, type.dtype, at: $0)
        }
        return ReferenceTensor(type.dtype, shape: shape, elements: elements)
    }
}

/// Runs a plan on 1, 2 and 4 threads: results near the expected ones, the same bits each time.
///
/// - Parameter absolute: allowed for a tensor whose largest element is 1 or less.
package func expectSameBitsOnAnyThreads(
    _ expected: [String: ReferenceTensor], relative: Double = 1e-4, absolute: Double = 2e-5,
    _ runner: (ThreadPool) throws -> PlanRunner
) throws {
    var first: [String: ReferenceTensor]?
    for threadCount in [1, 2, 4] {
        let actual = try runner(ThreadPool(threadCount: threadCount)).run()
        for (name, tensor) in expected {
            let received = try #require(actual[name])
            if let first {
                let isEqual = first[name]?.elements == received.elements
                #expect(isEqual, "\(name): other bits on \(threadCount) threads")
            }
            let largest = tensor.elements.map(abs).max() ?? 0
            let problem = mismatch(
                received.elements, tensor.elements, shape: tensor.shape,
                tolerance: Tolerance(relative: relative, absolute: absolute * max(largest, 1)))
            #expect(problem == nil, "\(name): \(problem ?? "")")
        }
        first = actual
    }
}
