/// A symbolic tensor: an element type, a shape, and where its elements come from. It holds no
/// elements; operations on it describe a program.
///
/// A tensor is either *declared* (made from `Input`, to build a `Model`) or *traced* (inside a
/// layer's `call`, while a graph is being written). The same code serves both: a user's layer and
/// a functional model are written alike.
public struct Tensor {
    public let type: TensorType
    let source: Source
    private let attachedMask: Mask?

    enum Source {
        case declared(Application, output: Int, isMask: Bool)
        case traced(Tracer, Value)
    }

    /// A box, since a struct cannot hold itself.
    private final class Mask {
        let tensor: Tensor
        init(_ tensor: Tensor) { self.tensor = tensor }
    }

    init(_ type: TensorType, _ source: Source, mask: Tensor? = nil) {
        self.type = type
        self.source = source
        attachedMask = mask.map(Mask.init)
    }

    public var dtype: DType { type.dtype }
    public var shape: Shape { type.shape }
    public var rank: Int { type.rank }

    /// Which elements count (true) and which are padding: a bool tensor over the leading axes,
    /// made by `Embedding(maskZero: true)` or `Masking`; nil where all count.
    public var mask: Tensor? { attachedMask?.tensor }

    func attaching(mask: Tensor?) -> Tensor { Tensor(type, source, mask: mask) }

    /// The bounded symbol of axis 0 in declared tensors. Tracing puts the real bound in its place.
    static let declaredBatch = Symbol("batch", bound: Int(Int32.max))
}

extension Tensor: CustomStringConvertible {
    /// The type: `f32[batch, 256]`.
    public var description: String { type.description }
}

/// Where the operands of one operation come from: all declared, or all of one trace.
enum Origin {
    case declared
    case traced(Tracer)

    init(of tensors: [Tensor], for what: String) throws {
        var tracer: Tracer?
        var declaredCount = 0
        for tensor in tensors {
            switch tensor.source {
            case .declared: declaredCount += 1
            case .traced(let other, _):
                guard tracer == nil || tracer === other else {
                    throw LayerError(
                        path: other.path, "\(what): the operands belong to different traces")
                }
                tracer = other
            }
        }
        guard let tracer else {
            guard declaredCount > 0 else { throw LayerError("\(what): no tensor was given") }
            self = .declared
            return
        }
        guard declaredCount == 0 else {
            throw LayerError(
                path: tracer.path,
                "\(what): a tensor declared outside this layer is used inside it; "
                    + "pass it as an input instead")
        }
        self = .traced(tracer)
    }
}
