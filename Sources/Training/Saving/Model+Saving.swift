import MartletFiles
import MartletInterchange
import MartletJSON
import MartletLayers
import MartletText

/// The files of a saved model.
enum SavedModel {
    /// Layers, their configurations and connections, vocabularies among them.
    static let architecture = "architecture.json"
    static let weights = "weights.safetensors"
    /// How the model was compiled, and the number of updates done.
    static let training = "training.json"
    /// The optimizer's moments.
    static let optimizer = "optimizer.safetensors"

    static let files: Set = [architecture, weights, training, optimizer]
}

extension Model {
    /// Saves the model as a folder: `architecture.json` with the vocabulary, `weights.safetensors`,
    /// and, if it is compiled, `training.json` and `optimizer.safetensors`.
    ///
    /// The folder is replaced whole or not at all, also if the process dies meanwhile.
    ///
    /// - Parameter files: further files to save with it, bytes by name.
    /// - Throws: `LayerError` for a layer that cannot be written as JSON; `FileError`, also where
    ///   the folder holds files that a saved model does not have. A folder that was there before
    ///   is then untouched.
    public func save(to folder: String, with files: [String: [UInt8]] = [:]) throws {
        let architecture = try json()
        let runtime = ModelRuntime.of(self)
        let state = try runtime.optimizerState(of: self)
        let description = runtime.compiled?.json(updateCount: runtime.stepCount)
        try FolderReplacement.write(
            to: folder, replacing: SavedModel.files.union(files.keys)
        ) { temporary in
            for (name, bytes) in files { try AtomicFile.write(bytes, to: "\(temporary)/\(name)") }
            try AtomicFile.write(
                architecture.serialized(), to: "\(temporary)/\(SavedModel.architecture)")
            try saveWeights(to: "\(temporary)/\(SavedModel.weights)")
            guard let description else { return }
            try AtomicFile.write(
                description.serialized(.indented), to: "\(temporary)/\(SavedModel.training)")
            try SafetensorsFile.write(state, to: "\(temporary)/\(SavedModel.optimizer)")
        }
    }

    /// Throws what `save(to:with:)` would throw of the folder: to be asked before long work.
    ///
    /// - Parameter names: the names of the further files.
    /// - Throws: `FileError`.
    public static func requireSavable(
        to folder: String, with names: Set<String> = []
    ) throws {
        _ = try FolderReplacement.isThere(
            folder, holdingOnly: SavedModel.files.union(names))
    }

    /// Reads a model that `save` wrote; it predicts the same bits. To train on, compile it and
    /// call `loadOptimizerState(from:)`.
    ///
    /// - Parameter registry: the classes of its layers; own layers must be registered.
    /// - Throws: `TrainingError`, `JSONProblems`, `LayerError`, `SafetensorsError` or `FileError`
    ///   saying which file does not hold what it should.
    public static func load(
        from folder: String, registry: LayerRegistry = .withText
    ) throws -> Model {
        let path = "\(folder)/\(SavedModel.architecture)"
        let json: JSONValue
        do {
            json = try JSONValue(parsing: ReadableFile.contents(of: path))
        } catch let error as JSONError {
            throw TrainingError(path, "is no JSON: \(error)")
        }
        let model = try Model.make(from: json, registry: registry)
        try model.loadWeights(from: "\(folder)/\(SavedModel.weights)")
        return model
    }

    /// Sets the optimizer's moments and the number of updates done to those saved with a model, so
    /// that training goes on as if it had not been interrupted.
    ///
    /// - Throws: `TrainingError` where the model is not compiled or was saved with another
    ///   optimizer; nothing is changed then.
    public func loadOptimizerState(from folder: String) throws {
        let path = "\(folder)/\(SavedModel.training)"
        let fields = JSONFields(
            try JSONValue(parsing: ReadableFile.contents(of: path)), source: path)
        let updateCount = fields.integer("update_count", in: 0...Int.max)
        try fields.finish()
        let file = try SafetensorsFile(path: "\(folder)/\(SavedModel.optimizer)")
        try ModelRuntime.of(self).setOptimizerState(
            of: self, from: file, updateCount: updateCount)
    }
}

extension Compilation {
    /// For people and for tools to read.
    func json(updateCount: Int) -> JSONValue {
        func names(_ metrics: [Metric]) -> JSONValue { .array(metrics.map { .string($0.name) }) }
        var optimizer: JSONObject = ["name": .string(self.optimizer.name)]
        if let rate = self.optimizer.learningRate.constant {
            optimizer["learning_rate"] = .number(rate)
        }
        return [
            "optimizer": .object(optimizer), "loss": .string(loss.name),
            "reduction": .string(loss.reduction.rawValue), "metrics": names(metrics),
            "weighted_metrics": names(weightedMetrics),
            "update_count": .integer(Int64(updateCount)),
        ]
    }
}
