/// What a layer may take or return: a tensor, several, or a struct of them.
///
/// A struct conforms by mapping its tensors one by one, in a fixed order:
///
/// ```swift
/// struct States: TensorStructure {
///     var hidden, cell: Tensor
///     func mapTensors(_ transform: (Tensor) throws -> Tensor) rethrows -> States {
///         States(hidden: try transform(hidden), cell: try transform(cell))
///     }
/// }
/// ```
public protocol TensorStructure {
    /// The same structure with each tensor replaced.
    func mapTensors(_ transform: (Tensor) throws -> Tensor) rethrows -> Self
}

extension TensorStructure {
    /// The tensors in the order `mapTensors` visits them.
    public var tensors: [Tensor] {
        var found: [Tensor] = []
        _ = mapTensors { tensor in
            found.append(tensor)
            return tensor
        }
        return found
    }

    /// The same structure with its tensors replaced by others, in order.
    func replacingTensors(with tensors: [Tensor]) throws -> Self {
        var rest = tensors[...]
        return try mapTensors { _ in
            guard let next = rest.popFirst() else {
                throw LayerError("\(Self.self): \(tensors.count) tensors are too few")
            }
            return next
        }
    }
}

extension Tensor: TensorStructure {
    public func mapTensors(_ transform: (Tensor) throws -> Tensor) rethrows -> Tensor {
        try transform(self)
    }
}

extension Array: TensorStructure where Element: TensorStructure {
    public func mapTensors(_ transform: (Tensor) throws -> Tensor) rethrows -> [Element] {
        try map { try $0.mapTensors(transform) }
    }
}

extension Optional: TensorStructure where Wrapped: TensorStructure {
    public func mapTensors(_ transform: (Tensor) throws -> Tensor) rethrows -> Wrapped? {
        try map { try $0.mapTensors(transform) }
    }
}

/// Tensors by name, in a fixed order: what a model with several outputs returns.
public struct NamedTensors: TensorStructure {
    public let names: [String]
    public let values: [Tensor]

    public init(_ elements: KeyValuePairs<String, Tensor>) {
        names = elements.map(\.key)
        values = elements.map(\.value)
    }

    public init(names: [String], values: [Tensor]) {
        precondition(names.count == values.count, "every tensor needs one name")
        self.names = names
        self.values = values
    }

    /// The tensor of a name.
    ///
    /// - Throws: `LayerError` listing the names there are.
    public subscript(name: String) -> Tensor {
        get throws {
            guard let index = names.firstIndex(of: name) else {
                throw LayerError(
                    "there is no output \"\(name)\"; the outputs are "
                        + names.map { "\"\($0)\"" }.joined(separator: ", "))
            }
            return values[index]
        }
    }

    public func mapTensors(_ transform: (Tensor) throws -> Tensor) rethrows -> NamedTensors {
        NamedTensors(names: names, values: try values.map(transform))
    }
}
