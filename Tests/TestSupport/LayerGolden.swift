/// One call of a layer, with the gradients of Σ output · cotangent.
package struct LayerGolden: Decodable, Sendable {
    package struct Input: Decodable, Sendable {
        /// The argument of Keras's `call`; `inputs.0`, `inputs.1`, … for layers that take a list.
        package let name: String
        package let tensor: GoldenTensor
        /// The mask attached to the tensor, as an Embedding with `mask_zero` attaches it.
        package let mask: GoldenTensor?
        /// Absent for inputs of integers and booleans.
        package let gradient: GoldenTensor?
    }

    package struct Weight: Decodable, Sendable {
        /// Keras's variable path below the layer: `query/kernel`.
        package let name: String
        package let tensor: GoldenTensor
        package let gradient: GoldenTensor
    }

    package struct Output: Decodable, Sendable {
        package let tensor: GoldenTensor
        package let cotangent: GoldenTensor
        package let mask: GoldenTensor?
    }

    package let name: String
    /// Keras's class name.
    package let layer: String
    /// Keras's constructor arguments; what is absent has Keras's default.
    package let config: JSONValue
    /// Arguments of the call that are no tensors: `use_causal_mask`, `return_attention_scores`.
    package let call: JSONValue
    package let training: Bool
    package let inputs: [Input]
    package let weights: [Weight]
    package let outputs: [Output]

    package func input(_ name: String) -> Input? { inputs.first { $0.name == name } }
    package func weight(_ name: String) -> Weight? { weights.first { $0.name == name } }
}
