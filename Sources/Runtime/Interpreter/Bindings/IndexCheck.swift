import MartletIR

/// Checks of i32 ids and labels, for kernels that take them on trust.
package enum IndexCheck {
    /// Of a lookup's ids.
    package static func ids(_ step: PlanStep, _ context: BindingContext) -> [Phase] {
        let rowCount = context.shape(step.operands[0])[0]
        return phases(step, limit: rowCount, context) { id, position in
            IndexOutOfRange(index: id, position: position, rowCount: rowCount).description
        }
    }

    /// Of a cross-entropy's labels.
    package static func labels(_ step: PlanStep, _ context: BindingContext) -> [Phase] {
        let classCount = context.shape(step.operands[0]).last ?? 0
        return phases(step, limit: classCount, context) { label, position in
            labelMessage(label, position: position, classCount: classCount)
        }
    }

    static func labelMessage(
        _ label: some BinaryInteger, position: Int, classCount: Int
    ) -> String {
        "label \(label) at position \(position) is outside the classes 0..<\(classCount)"
    }

    /// Operand 1 against `0 ..< limit`.
    private static func phases(
        _ step: PlanStep, limit: Int, _ context: BindingContext,
        message: @escaping (_ index: Int, _ position: Int) -> String
    ) -> [Phase] {
        let indices = context.pointer(step.operands[1], as: Int32.self)
        let first = context.firstNumber(
            perEntry: context.shape(step.operands[1]).dropFirst().reduce(1, *))
        let (failure, path, label) = (context.failure, step.path, step.label)
        let partition = Partition.elements(context.elementCount(step.operands[1]))
        return [
            partition.phase { positions, _ in
                var greatest = UInt32(0)
                for position in positions {
                    greatest = max(greatest, UInt32(bitPattern: indices[position]))
                }
                guard greatest >= limit,
                    let position = positions.first(where: {
                        UInt32(bitPattern: indices[$0]) >= limit
                    })
                else { return }
                let text = message(Int(indices[position]), first() + position)
                failure.record(GraphError(path: path, op: label, message: text))
            }
        ]
    }
}
