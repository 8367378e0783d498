import Glibc
import MartletCodegen

/// How a test runs a kernel: directly, or as native code of two widths.
enum Backend: String, CaseIterable, Sendable {
    case interpreter
    case avx2
    case native
    /// Any x86-64: no fused multiply-add, no masked memory, four lanes. Used by a few tests only.
    case generic

    #if LLVM
        static let compiled: [Backend] = [.avx2, .native]
    #else
        static let compiled: [Backend] = []
    #endif
    #if LLVM
        static let oldest: [Backend] = [.generic]
    #else
        static let oldest: [Backend] = []
    #endif
    static let allCases: [Backend] = [.interpreter] + compiled

    var isa: VectorISA {
        switch self {
        case .interpreter: return .avx512
        case .avx2: return .avx2
        case .generic: return .sse2
        case .native:
            #if LLVM
                return Sessions.native.target.isa
            #else
                return .avx512
            #endif
        }
    }
}

#if LLVM
    /// Sessions are shared, so that a kernel met in several tests is compiled once.
    enum Sessions {
        static let native = session { CPUTarget.native() }
        static let avx2 = session { try CPUTarget.named("x86-64-v3") }
        static let generic = session { try CPUTarget.named("generic") }

        private static func session(_ target: () throws -> CPUTarget) -> CodegenSession {
            do {
                return try CodegenSession(target: target())
            } catch {
                preconditionFailure("\(error)")
            }
        }
    }
#endif

/// The buffers of one call. Each is followed by guard bytes, which `run` checks.
final class Arrays {
    private var memory: [UnsafeMutableRawBufferPointer] = []
    private static let guardByteCount = 256
    private static let guardByte: UInt8 = 0xA5

    struct GuardError: Error {}

    func add<T: BitwiseCopyable>(_ values: [T]) {
        let byteCount = values.count * MemoryLayout<T>.stride
        let block = UnsafeMutableRawBufferPointer.allocate(
            byteCount: byteCount + Arrays.guardByteCount, alignment: 4096)
        values.withUnsafeBytes { block.copyMemory(from: $0) }
        for index in byteCount..<block.count { block[index] = Arrays.guardByte }
        memory.append(block)
    }

    deinit { memory.forEach { $0.deallocate() } }

    /// Lets the address sanitizer, in a process that has it, refuse reads of guard bytes, too.
    private func setGuards(_ name: String) {
        typealias Region = @convention(c) (UnsafeMutableRawPointer?, Int) -> Void
        guard let symbol = dlsym(nil, name) else { return }
        let mark = unsafeBitCast(symbol, to: Region.self)
        for block in memory {
            let start = block.count - Arrays.guardByteCount
            mark(block.baseAddress.map { $0 + start }, Arrays.guardByteCount)
        }
    }

    func floats(_ index: Int) -> [Float] {
        let bytes = payload(index)
        return (0..<bytes.count / 4).map { bytes.load(fromByteOffset: $0 * 4, as: Float.self) }
    }

    func integers(_ index: Int) -> [Int64] {
        let bytes = payload(index)
        return (0..<bytes.count / 8).map { bytes.load(fromByteOffset: $0 * 8, as: Int64.self) }
    }

    private func payload(_ index: Int) -> UnsafeMutableRawBufferPointer {
        let block = memory[index]
        return UnsafeMutableRawBufferPointer(
            rebasing: block[..<(block.count - Arrays.guardByteCount)])
    }

    func run(_ function: LoopFunction, on backend: Backend, parameters: [Int64] = []) throws {
        setGuards("__asan_poison_memory_region")
        defer { setGuards("__asan_unpoison_memory_region") }
        try runUnguarded(function, on: backend, parameters: parameters)
        setGuards("__asan_unpoison_memory_region")
        for block in memory {
            for index in block.count - Arrays.guardByteCount..<block.count
            where block[index] != Arrays.guardByte { throw GuardError() }
        }
    }

    private func runUnguarded(
        _ function: LoopFunction, on backend: Backend, parameters: [Int64]
    ) throws {
        switch backend {
        case .interpreter:
            try LoopInterpreter.run(
                function, buffers: memory.indices.map(payload), parameters: parameters)
        case .native, .avx2, .generic:
            #if LLVM
                let session =
                    switch backend {
                    case .generic: Sessions.generic
                    case .avx2: Sessions.avx2
                    default: Sessions.native
                    }
                try session.compile(function)
                    .run(buffers: memory.map(\.baseAddress), parameters: parameters)
            #endif
        }
    }
}

/// Repeatable numbers.
struct Generator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func float(_ range: ClosedRange<Float> = -1...1) -> Float {
        let unit = Float(next() >> 40) / Float(1 << 24)
        return range.lowerBound + unit * (range.upperBound - range.lowerBound)
    }

    mutating func floats(_ count: Int, _ range: ClosedRange<Float> = -1...1) -> [Float] {
        (0..<count).map { _ in float(range) }
    }

    mutating func integer(below bound: Int) -> Int { Int(next() % UInt64(bound)) }
}

/// The largest |actual − expected| / (1 + |expected|); infinite if the counts differ.
func largestError(_ actual: [Float], _ expected: [Double]) -> Double {
    if actual.count != expected.count { return .infinity }
    return zip(actual, expected).reduce(0) { worst, pair in
        let error = abs(Double(pair.0) - pair.1) / (1 + abs(pair.1))
        return error.isNaN ? .infinity : max(worst, error)
    }
}
