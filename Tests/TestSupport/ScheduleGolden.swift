/// A learning-rate schedule: its value at each step.
package struct ScheduleGolden: Decodable, Sendable {
    package let name: String
    /// Keras's class name; `create_optimizer` is TensorFlow Model Garden's, `…_with_warmup` are
    /// Hugging Face's.
    package let schedule: String
    /// The arguments; what is absent has the library's default.
    package let config: JSONValue
    package let steps: [Int]
    package let values: [Double]
}
