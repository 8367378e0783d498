import MartletFiles

/// Writes the logs of every epoch to a CSV file: `epoch,accuracy,loss,…`, as Keras's CSVLogger.
///
/// The columns are those of the first epoch, sorted; what a later epoch lacks is `NA`. The file is
/// replaced whole after each epoch, so that it is never half written.
public struct CSVLogger: Callback {
    public let path: String
    public let separator: String
    public let appends: Bool
    private var keys: [String] = []
    private var text = ""

    /// - Parameter appends: whether to go on with a file that exists, for a resumed training.
    public init(path: String, separator: String = ",", appends: Bool = false) {
        self.path = path
        self.separator = separator
        self.appends = appends
    }

    /// - Throws: `FileError` where the file to go on with cannot be read.
    public mutating func trainBegin(_ run: TrainingRun) async throws {
        (keys, text) = ([], "")
        guard appends else { return }
        do throws(FileError) {
            text = String(decoding: try ReadableFile.contents(of: path), as: UTF8.self)
        } catch {
            if error.isMissingFile { return }
            throw error
        }
        let header = text.split(separator: "\n", maxSplits: 1).first.map(String.init) ?? ""
        keys = header.components(separatedBy: separator).filter { $0 != "epoch" && !$0.isEmpty }
        if !text.isEmpty, !text.hasSuffix("\n") { text += "\n" }
    }

    /// - Throws: `FileError` where the file cannot be written.
    public mutating func epochEnd(_ run: TrainingRun, epoch: Int, logs: Logs) async throws {
        if keys.isEmpty {
            keys = logs.keys.sorted()
            text += (["epoch"] + keys).joined(separator: separator) + "\n"
        }
        let values = keys.map { key in logs[key].map { "\(Float($0))" } ?? "NA" }
        text += (["\(epoch)"] + values).joined(separator: separator) + "\n"
        try AtomicFile.write(Array(text.utf8), to: path)
    }
}

extension FileError {
    /// Whether the file or its folder does not exist.
    var isMissingFile: Bool { systemErrorNumber == 2 }
}

extension String {
    fileprivate func components(separatedBy separator: String) -> [String] {
        guard !separator.isEmpty else { return [self] }
        return split(separator: separator, omittingEmptySubsequences: false).map(String.init)
    }
}
