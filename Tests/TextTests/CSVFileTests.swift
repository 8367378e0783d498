import Foundation
import MartletText
import Testing

/// What only files can do: bytes that are no text, sizes beyond one chunk, kinds of files.
@Suite final class CSVFileTests {
    let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("martlet-csv-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    private func write(_ bytes: [UInt8]) throws -> String {
        let url = folder.appendingPathComponent("f.csv")
        try Data(bytes).write(to: url)
        return url.path
    }

    private func refusal(_ path: String) throws -> String {
        let error = try #require(
            #expect(throws: CSVError.self) { try CSVReader(path: path).readAll() })
        return error.description.replacingOccurrences(of: folder.path + "/", with: "")
    }

    @Test(
        arguments: [
            ([0x61, 0x2C, 0xFF, 0x0A], "1:3: byte 2 (0xFF)"),
            ([0x61, 0x0A, 0xC3, 0x28], "2:1: byte 2 (0xC3)"),
            ([0x61, 0x2C, 0xC0, 0x80], "1:3: byte 2 (0xC0)"),
            ([0x61, 0xED, 0xA0, 0x80], "1:2: byte 1 (0xED)"),
            ([0xE9, 0xE2, 0x82], "1:1: byte 0 (0xE9)"),
            ([0x61, 0xF0, 0x9F, 0x98], "1:2: byte 1 (0xF0)"),
            ([0xF4, 0x90, 0x80, 0x80], "1:1: byte 0 (0xF4)"),
        ] as [([UInt8], String)]) func refusesInvalidUTF8(_ bytes: [UInt8], _ place: String) throws
    {
        #expect(
            try refusal(write(bytes))
                == "f.csv:\(place) is not valid UTF-8; save the file as UTF-8")
    }

    @Test func acceptsEveryScalar() throws {
        let text = (0x80...0x10FFFF).compactMap { Unicode.Scalar($0) }.map { String($0) }.joined()
        let options = CSVOptions(maximumFieldByteCount: text.utf8.count)
        let rows = try CSVReader(path: write(Array(text.utf8)), options: options).readAll()
        #expect(rows.count == 1)
        #expect(rows[0].fields[0].utf8.elementsEqual(text.utf8))
    }

    @Test func readsFilesLargerThanAChunk() async throws {
        // Lengths that put quotes, line breaks and scalars across the chunks' borders.
        let lines = (0..<20_000).map { "\($0),\"é\($0)\"\"\r\n\",x" }
        let path = try write(Array(lines.joined(separator: "\r\n").utf8))
        var count = 0
        for try await row in CSVReader(path: path) {
            try #require(row.fields == ["\(count)", "é\(count)\"\r\n", "x"])
            try #require(row.positions[0].line == 2 * count + 1)
            count += 1
        }
        #expect(count == 20_000)
    }

    @Test func refusesWhatIsNoFile() throws {
        #expect(
            try refusal(folder.appendingPathComponent("none.csv").path)
                == "none.csv: cannot read the file: no such file or directory")
        let inner = folder.appendingPathComponent("inner")
        try FileManager.default.createDirectory(at: inner, withIntermediateDirectories: false)
        #expect(try refusal(inner.path) == "inner: this is a directory, expected a CSV file")
        let pipe = folder.appendingPathComponent("pipe")
        try #require(mkfifo(pipe.path, 0o600) == 0)
        #expect(
            try refusal(pipe.path) == "pipe: this is a pipe or a device, which cannot be read "
                + "once per epoch; write it to a file first")
    }

    @Test func refusesAFileThatChanges() throws {
        let path = try write(Array(repeating: 0x61, count: 200_000) + [0x0A, 0x62])
        let options = CSVOptions(maximumFieldByteCount: 1 << 20)
        let rows = try CSVReader(path: path, options: options).rows()
        #expect(try rows.nextRow()?.fields[0].utf8.count == 200_000)
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try file.seekToEnd()
        try file.write(contentsOf: Data("\nc".utf8))
        try file.close()
        let error = #expect(throws: CSVError.self) { while try rows.nextRow() != nil {} }
        #expect(
            error?.description == path + ": the file changed while it was read; "
                + "start again when nothing writes to it")
    }
}
