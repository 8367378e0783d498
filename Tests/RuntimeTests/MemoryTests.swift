import Glibc
import MartletRuntime
import Testing

@Suite struct MemoryTests {
    @Test(arguments: [0, 1, 100, 4096, 4097, 2 << 20, 5 << 20 + 12345])
    func arenaIsZeroAlignedAndWritable(byteCount: Int) throws {
        let arena = try Arena(byteCount: byteCount)
        #expect(arena.byteCount == byteCount)
        let alignment = byteCount >= 2 << 20 ? 2 << 20 : 4096
        #expect(Int(bitPattern: arena.base) % alignment == 0)
        let bytes = arena.buffer(of: UInt8.self, atByteOffset: 0, count: byteCount)
        #expect(bytes.allSatisfy { $0 == 0 })
        bytes.update(repeating: 7)
        #expect(bytes.allSatisfy { $0 == 7 })
    }

    @Test func poisonIsNotANumber() throws {
        let arena = try Arena(byteCount: 64, isPoisoned: true)
        #expect(arena.buffer(of: Float.self, atByteOffset: 0, count: 16).allSatisfy { $0.isNaN })
        #expect(arena.buffer(of: Double.self, atByteOffset: 0, count: 8).allSatisfy { $0.isNaN })
        #expect(arena.buffer(of: Int32.self, atByteOffset: 32, count: 8).allSatisfy { $0 == -1 })
        arena.buffer(of: Float.self, atByteOffset: 4, count: 1)[0] = 1
        let floats = arena.buffer(of: Float.self, atByteOffset: 0, count: 3)
        #expect(floats[0].isNaN && floats[1] == 1 && floats[2].isNaN)
        arena.poison()
        #expect(floats[1].isNaN)
    }

    @Test func pageAfterTheEndFaults() async {
        await #expect(processExitsWith: .signal(SIGSEGV)) {
            disableBacktraces()
            let arena = try Arena(byteCount: 8192)
            arena.base.storeBytes(of: 1, toByteOffset: 8191, as: UInt8.self)
            arena.base.storeBytes(of: 1, toByteOffset: 8192, as: UInt8.self)
        }
        await #expect(processExitsWith: .signal(SIGSEGV)) {
            disableBacktraces()
            let arena = try Arena(byteCount: 4 << 20)
            arena.base.storeBytes(of: 1, toByteOffset: 4 << 20 - 1, as: UInt8.self)
            arena.base.storeBytes(of: 1, toByteOffset: 4 << 20, as: UInt8.self)
        }
    }

    @Test func refusesMoreThanTheLimit() {
        let limit = MemoryLimit(byteCount: 4_050_000_000, source: "the cgroup limit /x/memory.max")
        let error = #expect(throws: MemoryError.self) {
            try Arena(
                byteCount: 12_345_678_901, limit: limit, remedy: "a batch size of 32 fits")
        }
        #expect(
            error?.description
                == "arena: the peak is 12.3 GB, but the cgroup limit /x/memory.max leaves 4.0 GB; "
                + "a batch size of 32 fits")
        #expect(throws: MemoryError.self) { try Arena(byteCount: 1 << 50) }
    }

    @Test(arguments: [1 << 60, Int.max])
    func systemRefusalIsThrown(byteCount: Int) {
        let error = #expect(throws: MemoryError.self) {
            try Arena(
                byteCount: byteCount, limit: MemoryLimit(byteCount: .max, source: "nothing"))
        }
        #expect(error == .refused(what: "arena", byteCount: byteCount, code: ENOMEM))
        #expect(throws: MemoryError.refused(what: "buffer", byteCount: byteCount, code: ENOMEM)) {
            try AlignedBuffer(byteCount: byteCount)
        }
    }

    @Test func wordsOfTheErrors() {
        #expect(
            MemoryError.refused(what: "buffer", byteCount: 2_500_000, code: ENOMEM).description
                == "buffer: the system refused 2.5 MB of memory (Cannot allocate memory); lower "
                + "the batch size or the sequence length, or allow more memory")
        #expect(throws: MemoryError.negativeByteCount(what: "arena", byteCount: -1)) {
            try Arena(byteCount: -1)
        }
        #expect(
            MemoryError.negativeByteCount(what: "arena", byteCount: -1).description
                == "arena: -1 bytes asked for; a size is at least 0")
    }

    @Test(arguments: [0, 1, 63, 64, 1000, 2 << 20, 3 << 20])
    func alignedBuffer(byteCount: Int) throws {
        let buffer = try AlignedBuffer(byteCount: byteCount)
        #expect(Int(bitPattern: buffer.base) % AlignedBuffer.alignment == 0)
        let bytes = buffer.elements(of: UInt8.self)
        #expect(bytes.count == byteCount)
        #expect(bytes.allSatisfy { $0 == 0 })
        bytes.update(repeating: 9)
        #expect(bytes.allSatisfy { $0 == 9 })
    }

    @Test func bufferOfElements() throws {
        #expect(try AlignedBuffer(of: Float.self, count: 10).byteCount == 40)
        #expect(throws: MemoryError.self) { try AlignedBuffer(of: Double.self, count: .max) }
    }
}

/// A crash that a test asks for needs no report.
private func disableBacktraces() {
    signal(SIGSEGV, SIG_DFL)
}
