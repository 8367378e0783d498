import MartletIR

/// Runs any op by its reference kernel, in one part: what no fast kernel covers (rare ops, element
/// types other than f32) still works.
///
/// Allocates at every run, unlike all other kernels.
enum ReferenceStep {
    static func bind(_ op: Op, _ step: PlanStep, _ context: BindingContext) throws -> [Phase] {
        let graph = try graph(of: op, step)
        let interpreter = ReferenceInterpreter(extents: context.extents)
        return [
            Phase(partCount: 1) { _, _ in
                do {
                    var inputs: [String: ReferenceTensor] = [:]
                    for (index, operand) in step.operands.enumerated() {
                        inputs["\(index)"] = context.load(operand)
                    }
                    let results = try interpreter.run(graph, inputs)
                    for (index, result) in step.results.enumerated() {
                        guard let result, let value = results["\(index)"] else { continue }
                        context.store(value, to: result)
                    }
                } catch {
                    context.failure.record(error)
                }
            }
        ]
    }

    /// The op alone, as a graph.
    private static func graph(of op: Op, _ step: PlanStep) throws -> Graph {
        let builder = GraphBuilder(name: step.label)
        builder.path = step.path
        var operands: [Value] = []
        for (index, operand) in step.operands.enumerated() {
            let input = Input("\(index)", role: .data, type: operand.type)
            operands.append(try builder.append(.input(input)))
        }
        for (index, value) in try builder.append(op, operands).enumerated() {
            builder.output("\(index)", value)
        }
        return try builder.build()
    }
}

extension BindingContext {
    /// A value as a reference tensor.
    func load(_ value: PlanValue) -> ReferenceTensor {
        let shape = shape(value)
        let count = shape.reduce(1, *)
        let elements = (0..<count).map { ElementAccess.load(raw(value), value.type.dtype, at: $0) }
        return ReferenceTensor(value.type.dtype, shape: shape, elements: elements)
    }

    func store(_ tensor: ReferenceTensor, to value: PlanValue) {
        for (index, element) in tensor.elements.enumerated() {
            ElementAccess.store(element, to: raw(value), value.type.dtype, at: index)
        }
    }
}

/// One element of any type, as a Double. For slow paths.
package enum ElementAccess {
    package static func load(
        _ base: UnsafeRawPointer, _ dtype: DType, at index: Int
    ) -> Double {
        func read<Element>(_ type: Element.Type) -> Element {
            base.loadUnaligned(fromByteOffset: index * MemoryLayout<Element>.size, as: type)
        }
        switch dtype {
        case .f32: return Double(read(Float.self))
        case .f64: return read(Double.self)
        case .bf16: return Double(Float(bitPattern: UInt32(read(UInt16.self)) << 16))
        case .f16: return Double(Float16Bits.float(read(UInt16.self)))
        case .i8: return Double(read(Int8.self))
        case .u8: return Double(read(UInt8.self))
        case .bool: return read(UInt8.self) == 0 ? 0 : 1
        case .i32: return Double(read(Int32.self))
        case .i64: return Double(read(Int64.self))
        }
    }

    /// Floats are rounded, integers saturate.
    package static func store(
        _ element: Double, to base: UnsafeMutableRawPointer, _ dtype: DType, at index: Int
    ) {
        func write<Element: BitwiseCopyable>(_ value: Element) {
            base.storeBytes(
                of: value, toByteOffset: index * MemoryLayout<Element>.size, as: Element.self)
        }
        func integer<Element: FixedWidthInteger & BitwiseCopyable>(_ type: Element.Type) {
            let bounded = element.isNaN ? 0 : element
            write(
                Element(exactly: bounded.rounded(.towardZero))
                    ?? (bounded < 0 ? Element.min : Element.max))
        }
        switch dtype {
        case .f32: write(Float(element))
        case .f64: write(element)
        case .bf16:
            write(UInt16(truncatingIfNeeded: Float(element).roundedToBFloat16.bitPattern >> 16))
        case .f16: write(Float16Bits.bits(Float(element)))
        case .i8: integer(Int8.self)
        case .u8: integer(UInt8.self)
        case .bool: write(UInt8(element == 0 ? 0 : 1))
        case .i32: integer(Int32.self)
        case .i64: integer(Int64.self)
        }
    }
}
