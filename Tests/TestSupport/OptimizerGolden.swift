/// An optimizer over ten steps on given gradients.
package struct OptimizerGolden: Decodable, Sendable {
    package struct Variable: Decodable, Sendable {
        /// Keras's path: `dense/kernel`. Excluded names are searched in the whole of it.
        package let name: String
        package let tensor: GoldenTensor
    }

    package struct Step: Decodable, Sendable {
        /// The rate this step used.
        package let learningRate: Double
        /// The variables after the step.
        package let parameters: [GoldenTensor]
        /// The slots after the step, in the order of `slotNames`.
        package let slots: [GoldenTensor]
    }

    package let name: String
    /// Keras's class name.
    package let optimizer: String
    /// Keras's constructor arguments; what is absent has Keras's default. A learning rate is a
    /// number or an object of `schedule` and `config`, as in `ScheduleGolden`.
    package let config: JSONValue
    /// Regular expressions that exclude variables from weight decay by their path.
    package let excludedNames: [String]?
    /// Paths of variables that are excluded from weight decay one by one.
    package let excludedVariables: [String]?
    package let variables: [Variable]
    /// One gradient per variable, for each step.
    package let gradients: [[GoldenTensor]]
    package let slotNames: [String]
    package let steps: [Step]
}
