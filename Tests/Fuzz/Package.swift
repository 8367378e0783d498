// swift-tools-version: 6.2
import PackageDescription

/// Fuzz targets: a package of its own, as all of it is built with `--sanitize fuzzer`, and nothing
/// of it belongs to the library. See `Scripts/fuzz.sh`.
let package = Package(
    name: "MartletFuzz",
    dependencies: [.package(name: "Martlet", path: "../..", traits: [])],
    targets: ["FuzzJSON", "FuzzSafetensors", "FuzzTokenizer"].map { name in
        .executableTarget(
            name: name, dependencies: [.product(name: "Martlet", package: "Martlet")],
            swiftSettings: [.swiftLanguageMode(.v6)])
    }
)
