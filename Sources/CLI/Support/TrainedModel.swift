import Foundation
import Martlet
import MartletGraphs

/// What `train --output` wrote, whichever model it was, or a classifier that Hugging Face wrote.
struct TrainedModel {
    let model: Model
    let classNames: [String]
    /// Whether the output is logits rather than probabilities.
    let givesLogits: Bool
    private let loss: Loss
    private let optimizer: Optimizer

    /// - Parameter maxLength: tokens a text is cut to, for a Hugging Face folder.
    init(path: String, maxLength: Int?) throws {
        guard Self.isHuggingFace(path) else {
            if maxLength != nil {
                throw UserError("--max-length is for Hugging Face folders; \(path) is none")
            }
            let folder = try ModelFolder(path: path)
            model = folder.model
            classNames = folder.entry.classNames
            givesLogits = folder.entry.givesLogits
            loss = folder.entry.recipe.loss
            optimizer = folder.entry.recipe.optimizer
            return
        }
        let length = try maxLength ?? HuggingFaceFolder.maxLength(path)
        let loaded = try PretrainedEncoder(
            path, head: .sequenceClassification(), maxLength: length, preprocesses: true)
        guard loaded.report.initialized.isEmpty else {
            throw UserError(
                "\(path): this folder holds no trained classifier ("
                    + loaded.report.initialized.joined(separator: ", ")
                    + " are missing); make one by `martlet train \(FineTuningOptions.modelName) "
                    + "--pretrained \(path) --output FOLDER`")
        }
        for warning in loaded.report.warnings { StandardError.print(warning) }
        model = loaded.model
        classNames = loaded.labelNames
        givesLogits = true
        loss = FineTuning.loss
        optimizer = .huggingFaceAdamW()
    }

    private static func isHuggingFace(_ path: String) -> Bool {
        func has(_ name: String) -> Bool {
            FileManager.default.fileExists(
                atPath: URL(fileURLWithPath: path).appendingPathComponent(name).path)
        }
        return has("config.json") && !has("model.json")
    }

    func compile(_ options: TrainingOptions) throws {
        try model.compile(optimizer: optimizer, loss: loss, metrics: [.accuracy], options: options)
    }

    /// One array of probabilities for each row of an output.
    func probabilities(_ output: [Float]) -> [[Float]] {
        stride(from: 0, to: output.count, by: max(classNames.count, 1)).map { start in
            let values = Array(output[start..<min(start + classNames.count, output.count)])
            guard givesLogits, let largest = values.max() else { return values }
            let powers = values.map { Float(Foundation.exp(Double($0 - largest))) }
            let sum = powers.reduce(0, +)
            return powers.map { $0 / sum }
        }
    }
}
