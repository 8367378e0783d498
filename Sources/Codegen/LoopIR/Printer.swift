/// The text of loop IR, for people and for tests.
///
/// ```
/// kernel scale(x: f32, out y: f32; count)
///   %2 = parameter count
///   loop %3 in %0 ..< %2 step 16
///     %4: f32x16 = load x[%3]
///     …
/// ```
extension LoopFunction: CustomStringConvertible {
    package var description: String {
        var printer = LoopPrinter(function: self)
        return printer.print()
    }
}

private struct LoopPrinter {
    let function: LoopFunction
    var lines: [String] = []

    mutating func print() -> String {
        let buffers = function.buffers
            .map { "\($0.isWritten ? "out " : "")\($0.name): \($0.element.name)" }
        let signature = ([buffers, function.parameters].map { $0.joined(separator: ", ") })
            .joined(separator: "; ")
        lines.append("kernel \(function.name)(\(signature))")
        if !function.partAxes.isEmpty {
            let axes = function.partAxes.map {
                $0.blockSize == 1 ? "\($0.extent)" : "\($0.extent)/\($0.blockSize)"
            }
            lines.append("  parts \(axes.joined(separator: " x "))")
        }
        for array in function.scratch {
            lines.append("  scratch \(array.name): \(array.element.name)[\(array.count)]")
        }
        print(function.body, indent: 1)
        return lines.joined(separator: "\n") + "\n"
    }

    mutating func print(_ body: [Instruction], indent: Int) {
        let margin = String(repeating: "  ", count: indent)
        for instruction in body {
            switch instruction.operation {
            case .loop(let loop):
                print(loop, results: instruction.results, indent: indent)
            case .branch(let condition, let inner):
                lines.append("\(margin)if \(condition)")
                print(inner, indent: indent + 1)
            default:
                let result =
                    instruction.results.first
                    .map { "\($0): \(function.type(of: $0)) = " } ?? ""
                lines.append(margin + result + text(instruction.operation))
            }
        }
    }

    mutating func print(_ loop: Loop, results: [ValueID], indent: Int) {
        let margin = String(repeating: "  ", count: indent)
        let left = results.isEmpty ? "" : "\(list(results)) = "
        let carried = zip(loop.carried, loop.initial).map { "\($0) = \($1)" }
        let suffix = carried.isEmpty ? "" : " carrying (\(carried.joined(separator: ", ")))"
        lines.append(
            "\(margin)\(left)loop \(loop.index) in \(loop.lower) ..< \(loop.upper) "
                + "step \(loop.step)\(suffix)")
        print(loop.body, indent: indent + 1)
        if !loop.next.isEmpty { lines.append("\(margin)  next \(list(loop.next))") }
    }

    func text(_ operation: Operation) -> String {
        switch operation {
        case .constant(.integer(let value)): "\(value)"
        case .constant(.float(let bits)): "\(Float(bitPattern: bits))"
        case .parameter(let index): "parameter \(function.parameters[index])"
        case .part: "part"
        case .unary(let unary, let a): "\(unary.rawValue) \(a)"
        case .binary(let binary, let a, let b): "\(binary.rawValue) \(a), \(b)"
        case .fusedMultiplyAdd(let a, let b, let c): "fma \(a), \(b), \(c)"
        case .compare(let comparison, let a, let b): "\(comparison.rawValue) \(a), \(b)"
        case .select(let condition, let a, let b): "select \(condition), \(a), \(b)"
        case .convert(let conversion, let a): "\(conversion.rawValue) \(a)"
        case .splat(let a): "splat \(a)"
        case .laneIndices: "laneIndices"
        case .shuffle(let a, let b, let lanes): "shuffle \(a), \(b), \(lanes)"
        case .reduce(let reduction, let a): "reduce \(reduction.rawValue) \(a)"
        case .dotBFloat16Pairs(let accumulator, let a, let b):
            "dotBFloat16Pairs \(accumulator), \(a), \(b)"
        case .bfloat16Pairs(let a, let b, let pairing):
            "bfloat16Pairs \(pairing.rawValue) \(a), \(b)"
        case .load(let address, let mask): "load \(text(address))\(text(mask))"
        case .store(let value, let address, let mask):
            "store \(value) to \(text(address))\(text(mask))"
        case .prefetch(let address): "prefetch \(text(address))"
        case .loop, .branch: ""
        }
    }

    func text(_ address: Address) -> String {
        let name =
            switch address.memory {
            case .buffer(let index): function.buffers[index].name
            case .scratch(let index): function.scratch[index].name
            }
        return "\(name)[\(address.index)\(address.offset == 0 ? "" : " + \(address.offset)")]"
    }

    func text(_ mask: ValueID?) -> String { mask.map { " where \($0)" } ?? "" }

    func list(_ values: [ValueID]) -> String {
        values.map(\.description).joined(separator: ", ")
    }
}
