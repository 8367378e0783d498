/// The instruction set kernels are generated for: what decides vector width and tile shapes.
package struct VectorISA: Hashable, Sendable {
    /// float32 lanes of one register.
    package var lanes: Int
    package var registerCount: Int
    package var hasBFloat16Dot: Bool

    package static let avx512 = VectorISA(lanes: 16, registerCount: 32, hasBFloat16Dot: false)
    package static let avx512BFloat16 = VectorISA(
        lanes: 16, registerCount: 32, hasBFloat16Dot: true)
    package static let avx2 = VectorISA(lanes: 8, registerCount: 16, hasBFloat16Dot: false)
    package static let sse2 = VectorISA(lanes: 4, registerCount: 16, hasBFloat16Dot: false)
}

/// The processor code is made for: LLVM's name and features, and the vector ISA they amount to.
package struct CPUTarget: Hashable, Sendable {
    package var name: String
    /// LLVM's form, `+avx2,-avx512f,…`; empty where the name says all.
    package var features: String
    package var isa: VectorISA

    package init(name: String, features: String, isa: VectorISA) {
        self.name = name
        self.features = features
        self.isa = isa
    }

    /// The x86-64 levels (psABI) that can be asked for by name, lowest first.
    package static let levels: [CPUTarget] = [
        CPUTarget(name: "x86-64", features: "", isa: .sse2),
        CPUTarget(name: "x86-64-v2", features: "", isa: .sse2),
        CPUTarget(name: "x86-64-v3", features: "", isa: .avx2),
        CPUTarget(name: "x86-64-v4", features: "", isa: .avx512),
    ]

    /// Features a processor must have to run a level's code.
    package static let requiredFeatures: [String: [String]] = [
        "x86-64": [],
        "x86-64-v2": ["sse4.2", "ssse3", "popcnt"],
        "x86-64-v3": ["avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe"],
        "x86-64-v4": [
            "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe", "avx512f", "avx512bw",
            "avx512cd", "avx512dq", "avx512vl",
        ],
    ]

    /// The best ISA that LLVM's feature list `+a,-b,…` supports.
    package static func isa(features: String) -> VectorISA {
        let present = Set(features.split(separator: ",").filter { $0.hasPrefix("+") })
        func has(_ names: String...) -> Bool {
            names.allSatisfy { present.contains(Substring("+" + $0)) }
        }
        if has("avx512f", "avx512bw", "avx512dq", "avx512vl") {
            return has("avx512bf16") ? .avx512BFloat16 : .avx512
        }
        return has("avx2", "fma") ? .avx2 : .sse2
    }
}
