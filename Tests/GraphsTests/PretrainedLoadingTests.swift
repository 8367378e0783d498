import Foundation
import Martlet
import MartletGraphs
import Testing

/// What is told of folders that lack something, and what is refused (faults 13 to 18).
@Suite struct PretrainedLoadingTests {
    private func message(_ folder: PretrainedFolder, _ head: EncoderHead = .bare) -> String {
        message(folder) { _ = try LoadedModel(folder.path, head) }
    }

    private func message(_ folder: PretrainedFolder, of load: () throws -> Void) -> String {
        do {
            try load()
            return "loaded"
        } catch {
            return "\(error)".replacingOccurrences(of: folder.path, with: "FOLDER")
        }
    }

    @Test func newHeadIsReportedAsFresh() throws {
        let golden = try PretrainedGolden.named("bert_bare")
        let loaded = try BERT.fromPretrained(
            golden.folder, head: .sequenceClassification(labels: 4),
            labelNames: ["World", "Sports", "Business", "Sci/Tech"])
        #expect(loaded.report.initialized == ["classifier.weight", "classifier.bias"])
        #expect(
            loaded.report.warnings == [
                "Some weights of BertForSequenceClassification were not initialized from "
                    + "\(golden.folder) and are newly initialized: ['classifier.weight', "
                    + "'classifier.bias']. You should probably train this model on a task before "
                    + "you use it for predictions."
            ])
        #expect(loaded.weights["classifier/kernel"]?.contains { $0 != 0 } == true)
        #expect(loaded.weights["classifier/bias"] == [0, 0, 0, 0])
        #expect(loaded.configuration.labelNames == ["World", "Sports", "Business", "Sci/Tech"])
    }

    @Test func headOfAnotherTaskIsReportedAsUnused() throws {
        let golden = try PretrainedGolden.named("bert_classifier")
        let loaded = try golden.model(head: .bare)
        #expect(loaded.report.unused == ["classifier.bias", "classifier.weight"])
        #expect(
            loaded.report.description.hasPrefix(
                "Some tensors of \(golden.folder) were not used when initializing BertModel: "
                    + "['classifier.bias', 'classifier.weight']."))
    }

    @Test func oldNamesAndPositionIDsAreUnderstood() throws {
        let golden = try PretrainedGolden.named("bert_bare")
        let folder = try PretrainedFolder(copyOf: "bert_bare")
        try folder.rewriteWeights { tensors in
            for index in tensors.indices {
                let name = tensors[index].name
                    .replacingOccurrences(of: "LayerNorm.weight", with: "LayerNorm.gamma")
                    .replacingOccurrences(of: "LayerNorm.bias", with: "LayerNorm.beta")
                tensors[index].name = "bert." + name
            }
            tensors.append(
                .init(name: "bert.embeddings.position_ids", shape: [1, 2], values: [0, 1]))
        }
        let loaded = try LoadedModel(folder.path, .bare)
        #expect(loaded.report.warnings.isEmpty)
        #expect(try loaded.weights == golden.model().weights)
    }

    // MARK: Fault 9

    @Test func notANumberIsWarnedOfOrRefused() throws {
        let folder = try PretrainedFolder(copyOf: "bert_relu")
        try folder.rewriteWeights { tensors in
            for index in tensors.indices where tensors[index].name == "pooler.dense.bias" {
                tensors[index].values[1] = .nan
                tensors[index].values[2] = .infinity
            }
        }
        let loaded = try BERT.fromPretrained(folder.path)
        #expect(loaded.report.nonFinite.map(\.count) == [2])
        #expect(
            loaded.report.warnings == [
                "The tensor pooler.dense.bias of \(folder.path) has 2 elements that are NaN or "
                    + "infinite; the model's outputs will be, too."
            ])
        let refusal = message(folder) {
            let options = LoadingOptions(refusesNonFinite: true)
            _ = try BERT.fromPretrained(folder.path, options: options)
        }
        #expect(
            refusal == """
                FOLDER: 1 problem with the weights
                  - tensor "pooler.dense.bias": 2 of 6 elements are NaN or infinite
                """)
    }

    // MARK: Fault 13

    @Test func everyProblemOfTheConfigurationIsListed() throws {
        let folder = try PretrainedFolder(copyOf: "bert_bare")
        try folder.configure([
            "hidden_size": "15", "num_hidden_layers": nil, "layer_norm_eps": 2,
            "type_vocab_size": 2.5,
        ])
        #expect(
            message(folder) == """
                FOLDER/config.json: 4 problems
                  - hidden_size: expected an integer, found a string
                  - num_hidden_layers: is missing; expected an integer
                  - type_vocab_size: expected an integer, found a number with a fraction
                  - layer_norm_eps: 2.0 is outside 0.0...1.0
                """)
    }

    @Test func missingOrBrokenConfigurationIsRefused() throws {
        let folder = try PretrainedFolder(copyOf: "bert_bare")
        try folder.write("{\"vocab_size\": 3,, }", to: "config.json")
        #expect(
            message(folder) == """
                FOLDER/config.json: 1 problem
                  - JSON, line 1, column 18 (byte 17): expected a string in double quotes, found ','
                """)
        try folder.write(String(repeating: "[", count: 100_000), to: "config.json")
        #expect(
            message(folder) == """
                FOLDER/config.json: 1 problem
                  - JSON, line 1, column 129 (byte 128): arrays and objects are nested more than \
                128 deep
                """)
        try folder.remove("config.json")
        #expect(message(folder) == "FOLDER/config.json: cannot open: No such file or directory")
    }

    // MARK: Fault 14

    @Test func impossibleConfigurationsAreRefused() throws {
        let folder = try PretrainedFolder(copyOf: "bert_bare")
        try folder.configure([
            "num_attention_heads": 4, "num_hidden_layers": 0, "hidden_act": "cube",
            "model_type": "gpt2", "position_embedding_type": "relative_key", "is_decoder": true,
        ])
        #expect(
            message(folder) { _ = try BERT.fromPretrained(folder.path) } == """
                FOLDER/config.json: 6 problems
                  - model_type: expected "bert", found "gpt2"; load the folder as the model it holds
                  - num_hidden_layers: 0 is outside 1...1000
                  - num_attention_heads: 4 does not divide hidden_size 15
                  - hidden_act: the activation "cube" is not known; expected one of gelu, \
                gelu_new, gelu_pytorch_tanh, gelu_fast, gelu_python, relu, silu, swish, tanh, \
                sigmoid, linear, mish, relu6
                  - position_embedding_type: only "absolute" positions are supported
                  - is_decoder: decoders are not supported; expected false
                """)
    }

    // MARK: Fault 15

    @Test func vocabularyMustFitTheTable() throws {
        let folder = try PretrainedFolder(copyOf: "bert_bare")
        let problem = """
            FOLDER: 1 problem with the weights
              - the table of tokens has 30 rows, config.json has vocab_size %, the tokenizer has \
            # ids; rows and vocab_size must be equal, and no less than the ids
            """
        func expected(_ size: Int, _ ids: Int) -> String {
            problem.replacingOccurrences(of: "%", with: "\(size)")
                .replacingOccurrences(of: "#", with: "\(ids)")
        }
        try folder.configure(["vocab_size": 31])
        #expect(message(folder) == expected(31, 28))
        try folder.configure(["vocab_size": 30])
        #expect(message(folder) == "loaded")
        let words = try String(contentsOf: folder.file("vocab.txt"), encoding: .utf8)
        try folder.write(words + "one\ntwo\nthree\n", to: "vocab.txt")
        #expect(message(folder) == expected(30, 31))
    }

    // MARK: Heads

    @Test func labelsAndTheirNamesMustBeAsMany() throws {
        let folder = try PretrainedFolder(copyOf: "bert_bare")
        let error = #expect(throws: LayerError.self) {
            try BERT.fromPretrained(
                folder.path, head: .sequenceClassification(labels: 4),
                labelNames: ["no", "yes", "perhaps"])
        }
        #expect(
            error?.description == "classifier: 4 labels are asked for, but 3 names are given (no, "
                + "yes, perhaps); give one name for each")
    }

    // MARK: Fault 12

    @Test func controlCharactersInNamesAreEscaped() throws {
        let folder = try PretrainedFolder(copyOf: "bert_bare")
        try folder.rewriteWeights { tensors in
            tensors.append(
                PretrainedFolder.Tensor(name: "head\u{1B}[31m\n", shape: [1], values: [0]))
        }
        let report = try BERT.fromPretrained(folder.path).report
        #expect(report.unused == ["head\u{1B}[31m\n"])
        #expect(report.description.contains("'head\\u{1b}[31m\\n'"))
        #expect(!report.description.unicodeScalars.contains("\u{1B}"))
    }

    // MARK: Fault 16

    @Test func tensorsThatDoNotFitAreListed() throws {
        let folder = try PretrainedFolder(copyOf: "bert_bare")
        try folder.rewriteWeights { tensors in
            tensors.removeAll { $0.name.hasPrefix("encoder.layer.0.attention.self.query") }
            for index in tensors.indices
            where tensors[index].name.hasSuffix("0.output.dense.weight") {
                tensors[index].shape.reverse()
            }
            tensors.append(
                .init(name: "encoder.layer.2.output.dense.bias", shape: [2], values: [0, 1]))
        }
        #expect(
            message(folder) == """
                FOLDER: 4 problems with the weights
                  - tensor encoder.layer.0.attention.self.query.weight is missing
                  - tensor encoder.layer.0.attention.self.query.bias is missing
                  - tensor "encoder.layer.0.output.dense.weight" has shape [11, 15], expected \
                [15, 11] by config.json
                  - tensor "encoder.layer.2.output.dense.bias" is not part of the model that \
                config.json describes
                """)
    }

    @Test func headOfAnotherSizeIsRefusedOrMadeAnew() throws {
        let golden = try PretrainedGolden.named("bert_classifier")
        let head = EncoderHead.sequenceClassification(labels: 3)
        let folder = try PretrainedFolder(copyOf: "bert_classifier")
        #expect(
            message(folder, head) == """
                FOLDER: 2 problems with the weights
                  - tensor "classifier.weight" has shape [5, 10], expected [3, 10]; ask for the \
                head the folder has, or set ignoresMismatchedHead to begin with a fresh one
                  - tensor "classifier.bias" has shape [5], expected [3]; ask for the head the \
                folder has, or set ignoresMismatchedHead to begin with a fresh one
                """)
        let loaded = try LoadedModel(
            golden.folder, head, options: LoadingOptions(ignoresMismatchedHead: true))
        #expect(loaded.report.mismatched.map(\.tensor) == ["classifier.weight", "classifier.bias"])
        #expect(loaded.weights["classifier/kernel"]?.count == 30)
    }

    // MARK: Faults 17 and 18

    @Test func shardsOutsideTheFolderAreRefused() throws {
        let folder = try PretrainedFolder(copyOf: "bert_bare")
        try folder.remove("model.safetensors")
        for shard in ["../model.safetensors", "/etc/model.safetensors"] {
            try folder.write(
                "{\"weight_map\": {\"pooler.dense.bias\": \"\(shard)\"}}",
                to: "model.safetensors.index.json")
            #expect(
                message(folder)
                    == "FOLDER/model.safetensors.index.json: weight_map \"pooler.dense.bias\": "
                    + "\"\(shard)\" is not the plain name of a .safetensors file in the folder")
        }
    }

    @Test func picklesAreRefused() throws {
        let folder = try PretrainedFolder(copyOf: "bert_bare")
        try folder.remove("model.safetensors")
        try folder.write("pickle", to: "pytorch_model.bin")
        #expect(
            message(folder)
                == "FOLDER: the weights are only there as a pickle (pytorch_model.bin), which can "
                + "run any program when read and is refused; convert it where you trust it: "
                + "`AutoModel.from_pretrained(folder).save_pretrained(folder)` in Python writes "
                + "model.safetensors")
    }
}
