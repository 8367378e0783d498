// swift-tools-version: 6.2
import PackageDescription

/// Every target of the package: Swift 6 mode, and a warning is an error.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
]

let package = Package(
    name: "Martlet",
    products: [
        .library(name: "Martlet", targets: ["Martlet"]),
        .library(name: "MartletGraphs", targets: ["MartletGraphs"]),
        .executable(name: "martlet", targets: ["MartletCLI"]),
    ],
    traits: [
        .default(enabledTraits: ["LLVM"]),
        .trait(name: "LLVM", description: "Native kernels through LLVM 19 (llvm-19-dev)."),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    ],
    targets: [
        // The order a batch meets them in. Dependencies point backwards only.
        .target(name: "MartletIR", path: "Sources/IR", swiftSettings: strict),
        .target(
            name: "MartletPasses", dependencies: ["MartletIR"], path: "Sources/Passes",
            swiftSettings: strict),
        .target(name: "MartletMemoryPlan", path: "Sources/MemoryPlan", swiftSettings: strict),
        .systemLibrary(
            name: "COpenBLAS", path: "Sources/COpenBLAS", providers: [.apt(["libopenblas-dev"])]),
        .target(name: "CMartlet", path: "Sources/CMartlet"),
        .target(
            name: "MartletRuntime",
            dependencies: ["MartletIR", "MartletMemoryPlan", "COpenBLAS", "CMartlet"],
            path: "Sources/Runtime", swiftSettings: strict),
        .target(
            name: "CLLVM", path: "Sources/CLLVM",
            cSettings: [.define("MARTLET_LLVM", .when(traits: ["LLVM"]))]),
        .target(
            name: "MartletCodegen",
            dependencies: [
                "MartletIR", "MartletFiles", "MartletRuntime",
                .target(name: "CLLVM", condition: .when(traits: ["LLVM"])),
            ],
            path: "Sources/Codegen", swiftSettings: strict),
        .target(
            name: "MartletLayers",
            dependencies: ["MartletIR", "MartletJSON"], path: "Sources/Layers",
            swiftSettings: strict),
        .target(name: "MartletFiles", path: "Sources/Files", swiftSettings: strict),
        .target(name: "MartletJSON", path: "Sources/JSON", swiftSettings: strict),
        .target(
            name: "MartletText",
            dependencies: [
                "MartletFiles", "MartletJSON", "MartletLayers",
                .product(name: "HeapModule", package: "swift-collections"),
            ],
            path: "Sources/Text", swiftSettings: strict),
        .target(
            name: "MartletInterchange",
            dependencies: [
                "MartletFiles", "MartletIR", "MartletJSON", "MartletLayers", "MartletText",
            ],
            path: "Sources/Interchange", swiftSettings: strict),
        .target(
            name: "MartletTraining",
            dependencies: [
                "MartletLayers", "MartletPasses", "MartletRuntime", "MartletInterchange",
                "MartletCodegen", "MartletFiles", "MartletJSON", "MartletText", "CMartlet",
            ],
            path: "Sources/Training", swiftSettings: strict),
        .target(
            name: "Martlet",
            dependencies: [
                "MartletIR", "MartletPasses", "MartletCodegen", "MartletMemoryPlan",
                "MartletRuntime",
                "MartletJSON", "MartletLayers", "MartletText", "MartletInterchange",
                "MartletTraining",
            ],
            path: "Sources/Martlet", swiftSettings: strict),
        .target(
            name: "MartletGraphs", dependencies: ["Martlet", "MartletJSON"], path: "graphs",
            swiftSettings: strict),
        .executableTarget(
            name: "MartletCLI",
            dependencies: [
                "Martlet", "MartletCodegen", "MartletFiles", "MartletGraphs", "MartletJSON",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Sources/CLI", swiftSettings: strict),
        .target(name: "AllocationCounter", path: "Tests/AllocationCounter"),
        .testTarget(
            name: "IRTests", dependencies: ["MartletIR", "GraphTestSupport"], path: "Tests/IRTests",
            swiftSettings: strict),
        .testTarget(
            name: "RuntimeTests",
            dependencies: [
                "MartletRuntime", "MartletPasses", "CMartlet", "AllocationCounter",
                "GraphTestSupport", "PlanTestSupport", "TestSupport",
            ],
            path: "Tests/RuntimeTests", swiftSettings: strict),
        .executableTarget(
            name: "codegen-bench", dependencies: ["MartletCodegen"],
            path: "Benchmarks/Codegen", swiftSettings: strict),
        .testTarget(
            name: "CodegenTests",
            dependencies: [
                "MartletCodegen", "MartletPasses", "MartletRuntime", "GraphTestSupport",
                "PlanTestSupport", "TestSupport",
            ],
            path: "Tests/CodegenTests", swiftSettings: strict),
        .testTarget(
            name: "MemoryPlanTests", dependencies: ["MartletMemoryPlan", "TestSupport"],
            path: "Tests/MemoryPlanTests", resources: [.copy("Problems")],
            swiftSettings: strict),
        .testTarget(
            name: "PassesTests",
            dependencies: ["MartletIR", "MartletPasses", "GraphTestSupport", "TestSupport"],
            path: "Tests/PassesTests", swiftSettings: strict),
        .target(
            name: "PlanTestSupport",
            dependencies: ["MartletIR", "MartletMemoryPlan", "MartletRuntime"],
            path: "Tests/PlanTestSupport", swiftSettings: strict),
        .target(
            name: "GraphTestSupport", dependencies: ["MartletIR", "MartletPasses"],
            path: "Tests/GraphTestSupport", swiftSettings: strict),
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: strict),
        .testTarget(
            name: "TestSupportTests", dependencies: ["TestSupport"],
            path: "Tests/TestSupportTests", swiftSettings: strict),
        .testTarget(
            name: "TokenizerTests",
            dependencies: ["MartletFiles", "MartletJSON", "MartletText"],
            path: "Tests/TokenizerTests", swiftSettings: strict),
        .testTarget(
            name: "InterchangeTests",
            dependencies: ["MartletFiles", "MartletIR", "MartletInterchange", "MartletJSON"],
            path: "Tests/InterchangeTests", swiftSettings: strict),
        .testTarget(
            name: "LayersTests",
            dependencies: ["MartletLayers", "MartletJSON", "MartletPasses", "TestSupport"],
            path: "Tests/LayersTests", swiftSettings: strict),
        .testTarget(
            name: "TextTests", dependencies: ["MartletText", "TestSupport"],
            path: "Tests/TextTests", resources: [.copy("Resources")], swiftSettings: strict),
        .testTarget(
            name: "TrainingTests",
            dependencies: ["MartletTraining", "AllocationCounter", "TestSupport"],
            path: "Tests/TrainingTests", swiftSettings: strict),
        .testTarget(
            name: "CLITests",
            dependencies: ["MartletCLI", "MartletIR", "MartletInterchange", "MartletJSON"],
            path: "Tests/CLITests",
            swiftSettings: strict),
        .testTarget(
            name: "GraphsTests", dependencies: ["MartletGraphs", "MartletText", "TestSupport"],
            path: "Tests/GraphsTests", swiftSettings: strict),
    ]
)

// libFuzzer brings the `main` of these, so they build with `--sanitize fuzzer` alone: see
// `Scripts/fuzz.sh`. They depend on the readers' own targets, which is all that gets built.
if Context.environment["MARTLET_FUZZ"] != nil {
    for (name, reader) in [
        ("JSON", "MartletJSON"), ("Safetensors", "MartletInterchange"),
        ("Tokenizer", "MartletText"),
    ] {
        package.targets.append(
            .executableTarget(
                name: "Fuzz\(name)", dependencies: [.target(name: reader)],
                path: "Tests/Fuzz/\(name)", swiftSettings: strict))
    }
}
