/// One line of a `Sequential`.
public enum SequentialItem: Sendable {
    case input(InputItem)
    case host(any HostLayer)
    case layer(any Layer<Tensor, Tensor>)
    case model(Model)

    /// `Input(…)` as the first line.
    public struct InputItem: @unchecked Sendable {
        // Unchecked because a Tensor is not Sendable in general; this one is always declared.
        let tensor: Tensor
    }

    var object: (any Layer)? {
        switch self {
        case .input, .host: nil
        case .layer(let layer): layer
        case .model(let model): model
        }
    }
}

/// Lists layers line by line; `if` and `for` are allowed.
@resultBuilder
public enum LayerBuilder {
    public static func buildExpression(_ input: Tensor) -> [SequentialItem] {
        [.input(SequentialItem.InputItem(tensor: input))]
    }

    public static func buildExpression(_ layer: any HostLayer) -> [SequentialItem] {
        [.host(layer)]
    }

    public static func buildExpression(
        _ layer: any Layer<Tensor, Tensor>
    ) -> [SequentialItem] {
        [.layer(layer)]
    }

    public static func buildExpression(_ model: Model) -> [SequentialItem] { [.model(model)] }

    public static func buildBlock(_ items: [SequentialItem]...) -> [SequentialItem] {
        items.flatMap(\.self)
    }

    public static func buildArray(_ items: [[SequentialItem]]) -> [SequentialItem] {
        items.flatMap(\.self)
    }

    public static func buildOptional(_ items: [SequentialItem]?) -> [SequentialItem] {
        items ?? []
    }

    public static func buildEither(first items: [SequentialItem]) -> [SequentialItem] { items }

    public static func buildEither(second items: [SequentialItem]) -> [SequentialItem] { items }
}
