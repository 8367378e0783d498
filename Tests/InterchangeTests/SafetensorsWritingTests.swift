import Foundation
import MartletFiles
import MartletInterchange
import Testing

@Suite struct SafetensorsWritingTests {
    private func integers<Value: FixedWidthInteger>(_ type: Value.Type, _ count: Int) -> [UInt8] {
        (0..<count).flatMap { i in
            withUnsafeBytes(of: Value(truncatingIfNeeded: i - 1).littleEndian) { Array($0) }
        }
    }

    /// The golden's tensors, handed over in another order.
    private var tensors: [SafetensorsTensor] {
        [
            SafetensorsTensor(name: "mask", dtype: .bool, shape: [5], bytes: [0, 1, 0, 1, 0]),
            SafetensorsTensor(name: "bytes", dtype: .u8, shape: [3], bytes: [0, 1, 2]),
            SafetensorsTensor(name: "weight", shape: [2, 3], floats: [-1, 0, 1, 2, 3, 4]),
            SafetensorsTensor(
                name: "scalar", dtype: .f64, shape: [],
                bytes: withUnsafeBytes(of: (-1.0).bitPattern.littleEndian) { Array($0) }),
            SafetensorsTensor(name: "empty", shape: [0, 4], floats: []),
            SafetensorsTensor(
                name: "half", dtype: .f16, shape: [5],
                bytes: [0x00, 0xBC, 0, 0, 0x00, 0x3C, 0x00, 0x40, 0x00, 0x42]),
            SafetensorsTensor(
                name: "position_ids", dtype: .i64, shape: [1, 4], bytes: integers(Int64.self, 4)),
            SafetensorsTensor(
                name: "counts", dtype: .i32, shape: [3], bytes: integers(Int32.self, 3)),
            SafetensorsTensor(
                name: "short", dtype: .i16, shape: [3], bytes: integers(Int16.self, 3)),
            SafetensorsTensor(
                name: "tiny", dtype: .i8, shape: [3], bytes: integers(Int8.self, 3)),
            SafetensorsTensor(name: "bias", shape: [3], floats: [-1, 0, 1]),
            SafetensorsTensor(name: "été \"\\\n", shape: [1], floats: [-1]),
        ]
    }

    @Test func writesTheReferenceImplementationsBytes() throws {
        let folder = try TemporaryFolder()
        try SafetensorsFile.write(
            tensors, metadata: [(key: "format", value: "np")], to: "\(folder.path)/a.safetensors")
        let expected = try Data(
            contentsOf: URL(fileURLWithPath: "\(goldens)/safetensors/all_types.safetensors"))
        #expect(try folder.bytes("a.safetensors") == [UInt8](expected))
        #expect(try folder.names == ["a.safetensors"])
    }

    @Test func readsBackWhatItWrote() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/a.safetensors"
        try SafetensorsFile.write(tensors, to: path)
        let file = try SafetensorsFile(path: path)
        #expect(file.header.dataOffset % 8 == 0)
        #expect(file.tensors.count == 12)
        #expect(file.tensors.allSatisfy { $0.byteRange.lowerBound % $0.dtype.byteCount == 0 })
        #expect(try file.floats("weight") == [-1, 0, 1, 2, 3, 4])
        #expect(file.header.metadata.isEmpty)
    }

    private func expectRefusal(
        _ tensors: [SafetensorsTensor], _ message: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write([7], to: "a.safetensors")
        #expect(sourceLocation: sourceLocation) {
            try SafetensorsFile.write(tensors, to: path)
        } throws: {
            "\($0)" == "\(path): \(message)"
        }
        #expect(try folder.bytes("a.safetensors") == [7], sourceLocation: sourceLocation)
        #expect(try folder.names == ["a.safetensors"], sourceLocation: sourceLocation)
    }

    @Test func refusesBadTensorsAndKeepsTheOldFile() throws {
        try expectRefusal(
            [
                SafetensorsTensor(name: "a", shape: [1], floats: [0]),
                SafetensorsTensor(name: "a", shape: [1], floats: [0]),
            ], "two tensors are named \"a\"")
        try expectRefusal(
            [SafetensorsTensor(name: "a", shape: [2], floats: [0])],
            "tensor \"a\": shape [2] of F32 needs 8 bytes, received 4")
        try expectRefusal(
            [SafetensorsTensor(name: "a", shape: [-1], floats: [0])],
            "tensor \"a\": shape [-1] has a negative dimension or more than 2^63 bytes")
    }

    @Test func aFailedWriteKeepsTheOldFile() throws {
        struct Interruption: Error {}
        let folder = try TemporaryFolder()
        let path = try folder.write([7], to: "a.safetensors")
        #expect(throws: Interruption.self) {
            try SafetensorsFile.write(
                [
                    SafetensorsTensor(name: "a", dtype: .u8, shape: [2]) { write in
                        try [UInt8(1)].withUnsafeBytes { try write($0) }
                        throw Interruption()
                    }
                ], to: path)
        }
        #expect(try folder.bytes("a.safetensors") == [7])
        #expect(try folder.names == ["a.safetensors"])
        #expect {
            try AtomicFile.write([1], to: "\(folder.path)/absent/file")
        } throws: {
            "\($0)" == "\(folder.path)/absent/file: cannot create a file beside: No such file or "
                + "directory"
        }
    }
}
