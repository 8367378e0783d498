import MartletJSON

/// Something that can be written as JSON and made again from it: layers of models that are saved.
///
/// Keys and values are Keras's, so that a layer of a `.keras` file is read by the same code.
public protocol Configurable: AnyObject, Sendable {
    /// The class's name in files; the type's name by default.
    static var className: String { get }

    /// Makes the layer again. Problems are reported to `fields`, which the caller finishes.
    init(configuration fields: JSONFields)

    /// Everything the initializer needs, its name left out.
    var configuration: JSONObject { get }
}

extension Configurable {
    public static var className: String { String(describing: Self.self) }
}

/// A layer of which models are saved as JSON.
public protocol ConfigurableLayer: Layer, Configurable {
    /// What a call was told besides tensors, and which optional tensors it had.
    static func callOptions(of inputs: Inputs) -> JSONObject

    /// The inputs of a call again, from its tensors in order and its options.
    static func inputs(from tensors: [Tensor], options: JSONFields) throws -> Inputs
}

extension ConfigurableLayer where Inputs == Tensor {
    public static func callOptions(of inputs: Tensor) -> JSONObject { JSONObject() }

    public static func inputs(from tensors: [Tensor], options: JSONFields) throws -> Tensor {
        guard tensors.count == 1 else {
            throw LayerError("\(className): expected 1 tensor, received \(tensors.count)")
        }
        return tensors[0]
    }
}

extension ConfigurableLayer where Inputs == [Tensor] {
    public static func callOptions(of inputs: [Tensor]) -> JSONObject { JSONObject() }

    public static func inputs(from tensors: [Tensor], options: JSONFields) throws -> [Tensor] {
        tensors
    }
}

/// Which class a name in a file stands for.
///
/// ```swift
/// let registry = LayerRegistry.standard.registering(TransformerBlock.self)
/// ```
public struct LayerRegistry: Sendable {
    package private(set) var types: [String: any Configurable.Type] = [:]

    /// Knows no class.
    public init() {}

    /// Every layer of this module that can be saved.
    public static let standard: LayerRegistry = {
        let types: [any Configurable.Type] = [
            Activation.self, Add.self, Average.self, Concatenate.self, Dense.self, Dot.self,
            Dropout.self, EinsumDense.self, ELU.self, Embedding.self, Flatten.self,
            GlobalAveragePooling1D.self, GlobalMaxPooling1D.self, Identity.self,
            LayerNormalization.self, LeakyReLU.self, Masking.self, Maximum.self, Minimum.self,
            MultiHeadAttention.self, Multiply.self, Permute.self, PReLU.self, ReLU.self,
            RepeatVector.self, Reshape.self, Softmax.self, Subtract.self,
        ]
        return types.reduce(LayerRegistry()) { $0.registering($1) }
    }()

    /// The registry with one more class; a later one takes the place of an earlier of its name.
    public func registering(_ type: any Configurable.Type) -> LayerRegistry {
        var registry = self
        registry.types[type.className] = type
        return registry
    }

    /// The names known, sorted.
    public var classNames: [String] { types.keys.sorted() }

    /// Makes a layer from its class name and configuration.
    ///
    /// - Throws: `LayerError` for a class that is not known, `JSONProblems` for bad fields.
    public func make(_ className: String, configuration: JSONObject) throws -> any Configurable {
        guard let type = types[className] else {
            throw LayerError(
                "there is no layer class \"\(className)\"; register it with "
                    + "LayerRegistry.registering, known are \(classNames.joined(separator: ", "))")
        }
        let fields = JSONFields(.object(configuration), source: className)
        let layer = type.init(configuration: fields)
        try fields.finish()
        return layer
    }
}
