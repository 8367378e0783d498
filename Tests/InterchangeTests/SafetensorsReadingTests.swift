import Foundation
import MartletInterchange
import Testing

@Suite struct SafetensorsReadingTests {
    @Test func readsTheReferenceFile() throws {
        let file = try SafetensorsFile(path: "\(goldens)/safetensors/all_types.safetensors")
        #expect(file.tensors.count == 12)
        #expect(file.header.metadata.map(\.key) == ["format"])
        #expect(file.header.metadata.map(\.value) == ["np"])
        #expect(try file.tensor("weight").shape == [2, 3])
        #expect(try file.tensor("weight").dtype == .f32)
        #expect(try file.floats("weight") == [-1, 0, 1, 2, 3, 4])
        #expect(try file.floats("bias") == [-1, 0, 1])
        #expect(try file.tensor("scalar").shape == [])
        #expect(try file.floats("scalar") == [-1])
        #expect(try file.tensor("empty").shape == [0, 4])
        #expect(try file.floats("empty") == [])
        #expect(try file.floats("half") == [-1, 0, 1, 2, 3])
        #expect(try file.floats("été \"\\\n") == [-1])
        #expect(try file.bytes("bytes") == [0, 1, 2])
        #expect(try file.bytes("mask") == [0, 1, 0, 1, 0])
        #expect(try file.bytes("tiny") == [255, 0, 1])
        #expect(try file.bytes("short") == [255, 255, 0, 0, 1, 0])
        #expect(try file.tensor("counts").dtype == .i32)
        #expect(try file.tensor("position_ids").dtype == .i64)
        #expect(try file.bytes("position_ids").count == 32)
    }

    @Test func readsBFloat16() throws {
        let file = try SafetensorsFile(path: "\(goldens)/safetensors/bfloat16.safetensors")
        #expect(try file.tensor("weight").dtype == .bf16)
        #expect(try file.floats("weight") == [-1, 0, 1, 2])
    }

    /// Every float16 there is, denormals and NaN payloads included.
    @Test func convertsEveryFloat16() throws {
        let folder = try TemporaryFolder()
        let bits = (0...UInt16.max).map { $0 }
        let path = "\(folder.path)/all.safetensors"
        try SafetensorsFile.write(
            [
                SafetensorsTensor(
                    name: "all", dtype: .f16, shape: [65536],
                    bytes: bits.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] })
            ], to: path)
        let floats = try SafetensorsFile(path: path).floats("all")
        #expect(floats.count == 65536)
        #if !(os(macOS) && arch(x86_64))
            let wrong = zip(bits, floats).filter { bits, float in
                let expected = Float(Float16(bitPattern: bits))
                return expected.isNaN
                    ? !float.isNaN : float.bitPattern != expected.bitPattern
            }
            #expect(wrong.isEmpty)
        #endif
    }

    @Test func convertsAndCountsInParts() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/long.safetensors"
        let count = 600_000
        var doubles = (0..<count).map { Double($0) * 0.5 }
        doubles[5] = .nan
        doubles[300_000] = 1e300
        doubles[599_999] = -.infinity
        try SafetensorsFile.write(
            [
                SafetensorsTensor(name: "x", dtype: .f64, shape: [count]) { write in
                    try doubles.withUnsafeBytes { try write($0) }
                }
            ], to: path)
        let file = try SafetensorsFile(path: path)
        let floats = try file.floats("x")
        #expect(floats[4] == 2 && floats[262_144] == 131_072 && floats[599_998] == 299_999)
        #expect(floats[5].isNaN && floats[300_000] == .infinity)
        #expect {
            try file.floats("x", allowNonFinite: false)
        } throws: {
            "\($0)" == "\(path): tensor \"x\": 3 of 600000 elements are NaN or infinite; the "
                + "training that wrote it had diverged"
        }
    }

    @Test func refusesWhatDoesNotFit() throws {
        let path = "\(goldens)/safetensors/all_types.safetensors"
        let file = try SafetensorsFile(path: path)
        func message(_ body: () throws -> Void) -> String {
            do { try body() } catch { return "\(error)" }
            return "accepted"
        }
        #expect(
            message { _ = try file.floats("absent\u{1B}") }
                == "\(path): there is no tensor \"absent\\u{1b}\" among the 12 in the file")
        #expect(
            message { _ = try file.floats("counts") }
                == "\(path): tensor \"counts\" is of I32, which is not read as float32; read its "
                + "bytes")
        var two: [Float] = [0, 0]
        #expect(
            message {
                _ = try two.withUnsafeMutableBufferPointer { try file.readFloats("bias", into: $0) }
            }
                == "\(path): tensor \"bias\" of shape [3] F32 has 3 elements in 12 bytes; the "
                + "destination has room for 2 elements")
    }

    @Test func refusesAFileThatShrinks() throws {
        let folder = try TemporaryFolder()
        let original = try Data(
            contentsOf: URL(fileURLWithPath: "\(goldens)/safetensors/all_types.safetensors"))
        let path = try folder.write([UInt8](original), to: "a.safetensors")
        let file = try SafetensorsFile(path: path)
        let handle = try #require(FileHandle(forWritingAtPath: path))
        try handle.truncate(atOffset: UInt64(original.count - 2))
        try handle.close()
        #expect {
            try file.bytes("mask")
        } throws: {
            "\($0)" == "\(path): the file ends at byte \(original.count - 2), but bytes "
                + "\(original.count - 5)..<\(original.count) were expected; it was truncated or "
                + "is being written"
        }
    }

    @Test func refusesFoldersPipesAndMissingFiles() throws {
        let folder = try TemporaryFolder()
        #expect(mkfifo("\(folder.path)/pipe", 0o600) == 0)
        for (name, message) in [
            ("", "not a regular file"), ("/pipe", "not a regular file"),
            ("/absent", "cannot open: No such file or directory"),
        ] {
            #expect {
                try SafetensorsFile(path: folder.path + name)
            } throws: {
                "\($0)" == "\(folder.path)\(name): \(message)"
            }
        }
    }
}
