import MartletIR
import MartletInterchange
import Testing

@Suite struct SafetensorsHeaderTests {
    private func file(_ header: String, dataByteCount: Int = 0) -> [UInt8] {
        let text = Array(header.utf8)
        let length = withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) }
        return length + text + [UInt8](repeating: 0, count: dataByteCount)
    }

    private func parse(
        _ bytes: [UInt8],
        limits: SafetensorsHeader.Limits = SafetensorsHeader.Limits()
    ) throws -> SafetensorsHeader {
        try bytes.withUnsafeBytes { try SafetensorsHeader(parsingFile: $0, limits: limits) }
    }

    private func expectRefusal(
        _ bytes: [UInt8], _ code: SafetensorsError.Code, _ message: String,
        limits: SafetensorsHeader.Limits = SafetensorsHeader.Limits(),
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        do {
            _ = try parse(bytes, limits: limits)
            Issue.record("accepted", sourceLocation: sourceLocation)
        } catch let error as SafetensorsError {
            #expect(error.code == code, sourceLocation: sourceLocation)
            #expect("\(error)" == message, sourceLocation: sourceLocation)
        } catch {
            Issue.record(error, sourceLocation: sourceLocation)
        }
    }

    @Test func acceptsWhatTheReferenceAccepts() throws {
        #expect(try parse(file("{}")).tensors.isEmpty)
        #expect(try parse(file(" \n{} \n ")).tensors.isEmpty)
        let header = try parse(
            file(
                """
                {"b":{"dtype":"F32","shape":[],"data_offsets":[4,8]},
                 "z":{"shape":[0,3],"data_offsets":[4,4],"dtype":"I64"},
                 "__metadata__":{"k":"v\\n"},
                 "\\u0061":{"dtype":"U8","shape":[2,2],"data_offsets":[0,4]}}
                """, dataByteCount: 8))
        #expect(header.tensors.map(\.name) == ["b", "z", "a"])
        #expect(header["a"]?.byteRange == 0..<4)
        #expect(header["b"]?.shape == [])
        #expect(header["z"]?.elementCount == 0)
        #expect(header.metadata.map(\.value) == ["v\n"])
    }

    @Test func namesEqualOnlyUnderNormalisationAreTwoTensors() throws {
        let header = try parse(
            file(
                "{\"\u{E9}\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
                    + "\"e\u{301}\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}",
                dataByteCount: 2))
        #expect(header["\u{E9}"]?.byteRange == 0..<1)
        #expect(header["e\u{301}"]?.byteRange == 1..<2)
    }

    @Test func refusesBadLengths() {
        expectRefusal(
            [1, 2, 3], .fileTooShort,
            "the file has 3 bytes; a safetensors file begins with 8 bytes that give its header's "
                + "length; download it again")
        expectRefusal(
            [9, 0, 0, 0, 0, 0, 0, 0, 0x7B, 0x7D], .headerBeyondFile,
            "the header claims 9 bytes, but the file has 10; it was truncated or is not a "
                + "safetensors file")
        expectRefusal(
            [UInt8](repeating: 0xFF, count: 10), .headerTooLong,
            "the header claims 18446744073709551615 bytes; the limit is 100000000 (the file has "
                + "10 bytes); this is not a safetensors file")
    }

    @Test func refusesBadSyntax() {
        let notObject =
            "of the header; this is not a safetensors file"
        expectRefusal(
            file(""), .headerNotObject,
            "the header must begin with '{', found something else at byte 0 \(notObject)")
        expectRefusal(
            file(" [1]"), .headerNotObject,
            "the header must begin with '{', found something else at byte 1 \(notObject)")
        expectRefusal(
            file("{} x"), .headerSyntax,
            "the header is not valid JSON: there is more after the document's end, beginning with "
                + "'x'; remove it (byte 3 of the header)")
        expectRefusal(
            [4, 0, 0, 0, 0, 0, 0, 0, 0x7B, 0x22, 0xFF, 0x22], .headerSyntax,
            "the header is not valid JSON: invalid UTF-8; save the file as UTF-8 (byte 2 of the "
                + "header)")
        expectRefusal(
            file("{\"a\":{\"shape\":[[[["), .headerSyntax,
            "the header is not valid JSON: expected a value, found '[' (byte 15 of the header)")
    }

    private func one(
        dtype: String = "\"F32\"", shape: String = "[2,3]", offsets: String = "[0,24]",
        extra: String = ""
    ) -> String {
        "{\"w\\n\":{\"dtype\":\(dtype),\"shape\":\(shape),\"data_offsets\":\(offsets)\(extra)}}"
    }

    @Test func refusesBadFields() {
        expectRefusal(
            file("{\"a\":1}"), .missingField,
            "tensor \"a\": expected an object with dtype, shape and data_offsets")
        expectRefusal(
            file("{\"a\":{\"dtype\":\"F32\",\"shape\":[]}}"), .missingField,
            "tensor \"a\": the field \"data_offsets\" is missing")
        expectRefusal(
            file(one(extra: ",\"shape\":[6]"), dataByteCount: 24), .duplicateField,
            "tensor \"w\\n\": the field \"shape\" appears twice")
        expectRefusal(
            file(one(extra: ",\"scale\":2"), dataByteCount: 24), .unknownField,
            "tensor \"w\\n\": unknown field \"scale\"; what it changes about the tensor is not "
                + "known")
        expectRefusal(
            file(one(dtype: "\"F8_E4M3\""), dataByteCount: 24), .unknownDType,
            "tensor \"w\\n\": dtype \"F8_E4M3\" is not one of BOOL, U8, I8, I16, F16, BF16, I32, "
                + "F32, F64, I64")
    }

    @Test(arguments: ["-1", "1e3", "2.0", "-0", "9223372036854775808"])
    func refusesDimensions(_ written: String) {
        expectRefusal(
            file(one(shape: "[\(written)]"), dataByteCount: 24), .invalidDimension,
            "tensor \"w\\n\": shape has \(written); expected a whole number from 0 to 2^63 - 1, "
                + "written without '.' or 'e'")
    }

    @Test func refusesBadSizes() {
        expectRefusal(
            file(one(shape: "[4294967296,4294967296]"), dataByteCount: 24), .sizeOverflow,
            "tensor \"w\\n\": shape [4294967296, 4294967296] of F32 has more than 2^63 bytes")
        expectRefusal(
            file(one(shape: "[2305843009213693952]"), dataByteCount: 24), .sizeOverflow,
            "tensor \"w\\n\": shape [2305843009213693952] of F32 has more than 2^63 bytes")
        expectRefusal(
            file(one(offsets: "[0,20]"), dataByteCount: 20), .sizeMismatch,
            "tensor \"w\\n\": shape [2, 3] of F32 needs 24 bytes, but data_offsets [0, 20] hold 20")
        expectRefusal(
            file(one(offsets: "[24,0]"), dataByteCount: 24), .reversedOffsets,
            "tensor \"w\\n\": data_offsets [24, 0] end before they begin")
        expectRefusal(
            file(one(offsets: "[0]"), dataByteCount: 24), .invalidOffsets,
            "tensor \"w\\n\": data_offsets must be [begin, end], found 1 numbers")
        expectRefusal(
            file(one(offsets: "[0,2.4e1]"), dataByteCount: 24), .invalidOffsets,
            "tensor \"w\\n\": data_offsets has 2.4e1; expected a whole number from 0 to 2^63 - 1, "
                + "written without '.' or 'e'")
        expectRefusal(
            file(one(), dataByteCount: 23), .offsetsBeyondFile,
            "tensor \"w\\n\": data_offsets [0, 24] reach beyond the file, which has 23 bytes of "
                + "data; it was truncated")
        expectRefusal(
            file(one(), dataByteCount: 25), .trailingBytes,
            "1 bytes after tensor \"w\\n\" belong to no tensor")
    }

    private func two(_ a: (Int, Int), _ b: (Int, Int)) -> String {
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[\(a.1 - a.0)],\"data_offsets\":[\(a.0),\(a.1)]},"
            + "\"b\":{\"dtype\":\"U8\",\"shape\":[\(b.1 - b.0)],\"data_offsets\":[\(b.0),\(b.1)]}}"
    }

    @Test func refusesOverlapsAndHoles() {
        expectRefusal(
            file(two((0, 4), (3, 8)), dataByteCount: 8), .overlap,
            "tensor \"a\" and tensor \"b\" overlap: one ends at data byte 4, the other begins at 3")
        expectRefusal(
            file(two((4, 8), (0, 3)), dataByteCount: 8), .hole,
            "data bytes 3..<4 between tensor \"b\" and tensor \"a\" belong to no tensor")
        expectRefusal(
            file(two((1, 4), (4, 8)), dataByteCount: 8), .hole,
            "data bytes 0..<1 between the header and tensor \"a\" belong to no tensor")
        expectRefusal(
            file("{}", dataByteCount: 3), .trailingBytes,
            "3 bytes after the header belong to no tensor")
    }

    @Test func refusesRepeatedNames() {
        let tensor = "{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}"
        expectRefusal(
            file("{\"a\":\(tensor),\"\\u0061\":\(tensor)}", dataByteCount: 1), .duplicateTensor,
            "the header names \"a\" twice")
        expectRefusal(
            file("{\"__metadata__\":{},\"__metadata__\":{}}"), .duplicateTensor,
            "the header names \"__metadata__\" twice")
    }

    @Test func refusesBadMetadata() {
        expectRefusal(
            file("{\"__metadata__\":null}"), .invalidMetadata,
            "__metadata__ must be an object of strings")
        expectRefusal(
            file("{\"__metadata__\":{\"a\":{\"b\":\"c\"}}}"), .invalidMetadata,
            "__metadata__ \"a\" must be a string; nothing may be nested in it")
        expectRefusal(
            file("{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}"), .invalidMetadata,
            "__metadata__ has \"a\" twice")
        expectRefusal(
            file("{\"__metadata__\":{\"a\":\"123456\"}}"), .metadataTooLong,
            "__metadata__ is longer than the limit of 8 bytes",
            limits: SafetensorsHeader.Limits(metadataByteCount: 8))
    }

    @Test func knowsEveryTypeOfTheGraph() {
        for dtype in DType.allCases {
            #expect(TensorFileDType(dtype).dtype == dtype)
            #expect(TensorFileDType(dtype).byteCount == dtype.byteCount)
        }
        #expect(TensorFileDType.i16.dtype == nil)
    }

    @Test func survivesDamage() throws {
        let original = file(one(), dataByteCount: 24)
        for end in original.indices {
            #expect(throws: SafetensorsError.self) { try parse(Array(original[..<end])) }
        }
        var accepted = 0
        for position in original.indices.dropLast(24) {
            for byte in UInt8.min...UInt8.max {
                var damaged = original
                damaged[position] = byte
                if (try? parse(damaged)) != nil { accepted += 1 }
            }
        }
        #expect(accepted > original.count - 24)  // the undamaged byte, and other names
    }
}
