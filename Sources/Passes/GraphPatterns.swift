import MartletIR

/// Looking back from a value at how it was made. Patterns are chains of these in `if let`.
extension GraphRewriter {
    func op(_ value: Value) -> Op { builder.nodes[value.node].op }

    func operands(_ value: Value) -> [Value] { builder.nodes[value.node].operands }

    func type(_ value: Value) -> TensorType { builder.type(of: value) }

    func unary(_ kind: Unary.Kind, _ value: Value) -> Value? {
        if case .unary(let unary) = op(value), unary.kind == kind {
            operands(value)[0]
        } else {
            nil
        }
    }

    func binary(_ kind: Binary.Kind, _ value: Value) -> (Value, Value)? {
        guard case .binary(let binary) = op(value), binary.kind == kind else { return nil }
        return (operands(value)[0], operands(value)[1])
    }

    /// The number every element of a value equals, if it is a constant or one broadcast.
    func splat(_ value: Value) -> Double? {
        var value = value
        while true {
            switch op(value) {
            case .constant(let constant): return constant.literal.splat
            case .broadcastInDim, .reshape: value = operands(value)[0]
            default: return nil
            }
        }
    }

    /// The operand of a broadcast, and the axes its axes became.
    func broadcast(_ value: Value) -> (source: Value, dimensions: [Int])? {
        guard case .broadcastInDim(let broadcast) = op(value) else { return nil }
        return (operands(value)[0], broadcast.dimensions)
    }

    /// The value that is repeated along all leading axes to make this one: a bias.
    func trailingBroadcast(_ value: Value) -> Value? {
        guard let (source, dimensions) = broadcast(value) else { return nil }
        let (rank, sourceRank) = (type(value).rank, type(source).rank)
        let isTrailing = dimensions == Array((rank - sourceRank)..<rank)
        let isWhole =
            Array(type(value).shape.dimensions.suffix(sourceRank))
            == type(source).shape.dimensions
        return isTrailing && isWhole && sourceRank > 0 ? source : nil
    }

    /// Whether every element of a value is close to a number, as float32 holds it.
    func isSplat(_ value: Value, near number: Double) -> Bool {
        guard let splat = splat(value) else { return false }
        return abs(splat - number) <= 1e-6 * abs(number)
    }

    /// The other operand of an operation with a splat, and the splat.
    func withSplat(_ kind: Binary.Kind, _ value: Value) -> (operand: Value, splat: Double)? {
        guard let (x, y) = binary(kind, value) else { return nil }
        if let splat = splat(y) { return (x, splat) }
        return splat(x).map { (y, $0) }
    }

    /// The value that is repeated along some axes of this one, to which those axes were lost by a
    /// reduction: with the axes gone, or kept with extent 1.
    func spread(_ value: Value, along axes: [Int]) -> Value? {
        guard var (source, dimensions) = broadcast(value) else { return nil }
        let shape = type(value).shape
        let kept = (0..<shape.rank).filter { !axes.contains($0) }
        if dimensions.count == shape.rank, case .reshape = op(source) {
            let inner = operands(source)[0]
            let isKept = axes.allSatisfy { type(source).shape[$0] == 1 }
            guard isKept, type(inner).rank == kept.count else { return nil }
            (source, dimensions) = (inner, kept)
        }
        let isWhole = type(source).shape.dimensions == kept.map { shape[$0] }
        return dimensions == kept && isWhole ? source : nil
    }

    /// What is reduced, if a value is such a reduction over exactly these axes.
    func reduced(_ kind: Reduce.Kind, _ value: Value, along axes: [Int]) -> Value? {
        guard case .reduce(let reduce) = op(value), reduce.kind == kind, reduce.axes == axes else {
            return nil
        }
        return operands(value)[0]
    }

    /// The axes of the reduction a value was spread from.
    func spreadAxes(_ value: Value) -> [Int]? {
        guard let (_, dimensions) = broadcast(value) else { return nil }
        let rank = type(value).rank
        if dimensions.count < rank { return (0..<rank).filter { !dimensions.contains($0) } }
        let source = operands(value)[0]
        return (0..<rank).filter {
            type(source).shape[$0] == 1 && type(value).shape[$0] != 1
        }
    }

    /// The factors of a product, and the product of its splats, looking through private products.
    func factors(_ value: Value) -> (values: [Value], splat: Double) {
        var (values, splat) = ([Value](), 1.0)
        var pending = [value]
        while let next = pending.popLast() {
            // A pattern has few factors; a long chain of products is none.
            guard values.count + pending.count < 8 else { return ([], splat) }
            if let number = self.splat(next) {
                splat *= number
            } else if let (x, y) = binary(.multiply, next), next == value || isPrivate(next) {
                pending += [y, x]
            } else if let (x, y) = binary(.divide, next), let number = self.splat(y),
                next == value || isPrivate(next)
            {
                splat /= number
                pending.append(x)
            } else {
                values.append(next)
            }
        }
        return (values, splat)
    }
}
