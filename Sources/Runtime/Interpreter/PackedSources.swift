import MartletIR

/// The inputs of a plan by which batches are packed: what a run reads before its first step, to know
/// how many positions there are.
struct PackedSources {
    private let extents: PackedExtents
    /// Where each source lies.
    private let values: [PlanValue]

    init(_ plan: Plan) {
        let inputs = Set(plan.inputs.map(\.buffer))
        var sources: [PackedExtents.Source] = []
        var values: [PlanValue] = []
        for step in plan.steps {
            guard case .op(let op) = step.work, let operand = step.operands.first,
                inputs.contains(operand.buffer),
                let source = PackedExtents.Source(op, source: operand.type)
            else { continue }
            sources.append(source)
            values.append(operand)
        }
        extents = PackedExtents(sources)
        self.values = values
    }

    /// The extents with those that follow from the inputs. Extents outside their bounds are left
    /// for the run to refuse.
    func counted(
        _ given: SymbolExtents, _ symbols: [Symbol], _ addresses: [UnsafeMutableRawPointer]
    ) -> SymbolExtents {
        let isBounded = symbols.allSatisfy { (0...$0.bound).contains(given($0)) }
        guard !values.isEmpty, isBounded else { return given }
        return extents.completing(given) { source, element in
            let value = values[source]
            return ElementAccess.load(
                addresses[value.buffer], value.type.dtype, at: element) != 0
        }
    }
}
