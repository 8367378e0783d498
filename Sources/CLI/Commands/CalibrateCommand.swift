import ArgumentParser
import Foundation
import Martlet
import MartletJSON

#if LLVM
    import class MartletCodegen.CodegenSession
    import struct MartletCodegen.CPUTarget
    import enum MartletCodegen.ProductCalibration
    import struct MartletCodegen.ProductCosts
    import struct MartletCodegen.ProductCostsFile
#endif

struct CalibrateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "calibrate",
        abstract: "Measure matrix products by generated code and by OpenBLAS.",
        discussion: """
            Plans then choose what was faster. Takes some seconds; best on a quiet machine. The \
            measurements are kept for you alone in \
            $XDG_CACHE_HOME/martlet (by default ~/.cache/martlet), for this CPU and this version of \
            Martlet. Without them a built-in choice holds. Plans made afterwards may give other \
            roundings than before, the same for any number of threads.
            """)

    @OptionGroup var target: CPUOption

    @Flag(help: "Forget the measurements instead.")
    var reset = false

    @OptionGroup var json: JSONOption

    func run() throws {
        #if LLVM
            let cpu = try CPUTarget.named(target.cpu ?? "native")
            guard let file = ProductCostsFile(cpu) else {
                throw UserError("there is no place for caches: set XDG_CACHE_HOME or HOME")
            }
            if reset {
                try file.remove()
                print(json.isOn ? JSONValue.object(["file": .string(file.path)]).text() : file.path)
                return
            }
            let costs = try ProductCalibration.measure(CodegenSession(target: cpu))
            try file.write(costs)
            show(costs, file.path)
        #else
            throw BackendUnavailable()
        #endif
    }

    #if LLVM
        private func show(_ costs: ProductCosts, _ path: String) {
            if json.isOn {
                let entries: [JSONValue] = costs.entries.map { entry in
                    [
                        "rows": .integer(entry.shape.rows),
                        "columns": .integer(entry.shape.columns),
                        "depth": .integer(entry.shape.depth),
                        "left_transposed": .bool(entry.shape.leftIsTransposed),
                        "right_transposed": .bool(entry.shape.rightIsTransposed),
                        "generated_nanoseconds": .integer(entry.generatedNanoseconds),
                        "openblas_nanoseconds": .integer(entry.libraryNanoseconds),
                        "openblas_is_taken": .bool(costs.prefersLibrary(entry.shape)),
                    ]
                }
                let result: JSONValue = ["file": .string(path), "products": .array(entries)]
                print(result.text())
                return
            }
            let taken = costs.entries.filter { costs.prefersLibrary($0.shape) }
            print("\(costs.entries.count) products measured; OpenBLAS is taken for \(taken.count)")
            for entry in taken {
                let shape = entry.shape
                let layout =
                    (shape.leftIsTransposed ? ", left transposed" : "")
                    + (shape.rightIsTransposed ? ", right transposed" : "")
                print(
                    "  \(shape.rows) × \(shape.columns) × \(shape.depth)\(layout): "
                        + "\(entry.libraryNanoseconds) ns, generated "
                        + "\(entry.generatedNanoseconds) ns")
            }
            print("Kept in \(path)")
        }
    #endif
}
