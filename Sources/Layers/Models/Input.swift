/// A declared tensor that a model takes at every step.
///
/// ```swift
/// let ids = Input(shape: [256], dtype: .i32)        // i32[batch, 256]
/// ```
///
/// - Parameters:
///   - shape: the axes after the batch axis; a `Dimension` of a `Symbol` is a bounded extent.
///   - dtype: f32 unless told; f32 follows the trace's float type.
///   - name: what data is given under; `input_layer`, `input_layer_1`, … by default.
// A function and not a type, as in Keras: its result is a tensor like any other.
// swift-format-ignore: AlwaysUseLowerCamelCase
public func Input(shape: Shape, dtype: DType = .f32, name: String? = nil) -> Tensor {
    let type = TensorType(
        dtype, Shape([Dimension(Tensor.declaredBatch)] + shape.dimensions))
    return Application(.input(name: name), types: [type]).results[0]
}

/// Something a model is made from: a tensor or a string for each example.
public protocol ModelInput {}

extension Tensor: ModelInput {}

/// A string for each example: what a `HostLayer` takes.
public struct StringInput: ModelInput, Sendable {
    final class Identity: Sendable {
        let name: String?
        init(name: String?) { self.name = name }
    }

    let identity: Identity

    /// - Parameter name: what strings are given under; `text`, `text_1`, … by default.
    public init(name: String? = nil) { identity = Identity(name: name) }

    public var name: String? { identity.name }
}
