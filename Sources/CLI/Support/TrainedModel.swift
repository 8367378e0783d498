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
        givesLogits
            ? softmax(ofLogits: output, classCount: classNames.count)
            : rows(of: output, width: classNames.count).map(Array.init)
    }
}
