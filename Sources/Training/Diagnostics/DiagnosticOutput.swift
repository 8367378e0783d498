import Foundation
import MartletLayers

/// Where warnings go: standard error, so that results on standard output stay clean.
enum DiagnosticOutput {
    static func warn(_ diagnostics: [Diagnostic]) {
        guard !diagnostics.isEmpty else { return }
        let text = diagnostics.map { "Warning: \($0)\n" }.joined()
        FileHandle.standardError.write(Data(text.utf8))
    }
}
