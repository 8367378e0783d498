import Foundation
import MartletText
import Testing

@Suite struct CSVReaderTests {
    private func fields(_ text: String, _ options: CSVOptions = .init()) throws -> [[String]] {
        try CSVReader(text: text, name: "t.csv", options: options).readAll().map(\.fields)
    }

    @Test func readsQuotedFields() throws {
        #expect(
            try fields("a,\"b,\"\"c\"\"\",\"\"\n1,\"two\nlines\",\"x\r\ny\"\n")
                == [["a", "b,\"c\"", ""], ["1", "two\nlines", "x\r\ny"]])
    }

    @Test(arguments: ["\n", "\r\n", "\r"]) func linesEndInThreeWays(_ end: String) throws {
        let expected = [["a", "b"], ["c", ""]]
        #expect(try fields("a,b\(end)c,\(end)") == expected)
        #expect(try fields("a,b\(end)c,") == expected)
        #expect(try fields("\"a\",\"b\"\(end)\(end)\"c\",\"\"") == expected)
    }

    @Test func skipsByteOrderMark() throws {
        #expect(try fields("\u{FEFF}\"a\",b\nc,\u{FEFF}d") == [["a", "b"], ["c", "\u{FEFF}d"]])
    }

    @Test func blankLineIsARowOnlyWhereRowsHaveOneField() throws {
        #expect(try fields("a,b\n\nc,d\n\n") == [["a", "b"], ["c", "d"]])
        #expect(try fields("a\n\nb\n") == [["a"], [""], ["b"]])
    }

    @Test func keepsBytesThatSwiftComparesAsEqual() throws {
        let row = try fields("\u{E9},e\u{301}\n")[0]
        #expect(row.map { Array($0.utf8) } == [[0xC3, 0xA9], [0x65, 0xCC, 0x81]])
    }

    @Test func looksUpColumns() throws {
        let reader = CSVReader(
            text: "id;title\n7;a,b\n", options: .init(requiredColumns: ["title"], delimiter: ";"))
        let row = try #require(try reader.readAll().first)
        #expect(row["title"] == "a,b")
        #expect(row["text"] == nil)
        #expect(row.columns == ["id", "title"])
        #expect(row.positions[1] == CSVPosition(line: 2, column: 3, byteOffset: 11))
    }

    @Test func positionsCountScalarsAndLinesInQuotes() throws {
        let rows = try CSVReader(text: "\u{FEFF}\"\u{E9}\u{1F600}\n\r\n\",x\r\ny,z").readAll()
        #expect(rows[0].positions[1] == CSVPosition(line: 3, column: 3, byteOffset: 15))
        #expect(rows[1].positions[1] == CSVPosition(line: 4, column: 3, byteOffset: 20))
    }

    @Test(arguments: [
        (
            "a,b\nc,\"d\ne\n",
            "2:3: the quote opened here is never closed; "
                + "a quote inside a quoted field is written twice (\"\")"
        ),
        (
            "a\"b\n",
            "1:2: a quote inside a field that does not begin with one; put the whole "
                + "field in quotes and write the inner quote twice (\"\")"
        ),
        (
            "x\n\"a\" b\n",
            "2:4: text after the closing quote of a field; "
                + "a quote inside a quoted field is written twice (\"\")"
        ),
        (
            "a,b\nc\0,d",
            "2:2: byte 5 is NUL, so this is no text file; "
                + "save it as UTF-8 (UTF-16 has NUL bytes)"
        ),
        ("a,b\n\n1,2,3\n", "3:1: the row has 3 fields, expected 2 as in the first row"),
        ("a,b\nc\n", "2:1: the row has 1 field, expected 2 as in the first row"),
        (
            "12345,1\n123456,2",
            "2:1: the field is longer than 5 bytes; "
                + "look for an unclosed quote, or raise maximumFieldByteCount"
        ),
        (
            "1,2,3,4\n",
            "1:7: the row has more than 3 fields; "
                + "look at the delimiter, or raise maximumFieldCount"
        ),
    ]) func refusesBrokenText(_ text: String, _ message: String) {
        let options = CSVOptions(maximumFieldByteCount: 5, maximumFieldCount: 3)
        let error = #expect(throws: CSVError.self) { try fields(text, options) }
        #expect(error?.description == "t.csv:" + message)
    }

    @Test(arguments: [
        ("", "t.csv: the file is empty, expected rows"),
        ("\u{FEFF}", "t.csv: the file is empty, expected rows"),
        ("id,text\n", "t.csv: the file has a header but no rows"),
        (
            "id,title\n1,a",
            "t.csv:1:1: there is no column \"text\"; "
                + "the header has \"id\", \"title\""
        ),
        (
            "id,text,id\n1,a,2",
            "t.csv:1:9: column \"id\" is in the header twice, "
                + "as fields 1 and 3; rename one"
        ),
    ]) func refusesHeaders(_ text: String, _ message: String) {
        let options = CSVOptions(requiredColumns: ["text"])
        let error = #expect(throws: CSVError.self) { try fields(text, options) }
        #expect(error?.description == message)
    }

    @Test func refusesDelimiters() {
        let error = #expect(throws: CSVError.self) {
            try fields("a", CSVOptions(delimiter: "\u{A7}"))
        }
        #expect(
            error?.description == "t.csv: the delimiter is \"§\", expected one ASCII character "
                + "other than a quote or a line break")
    }

    @Test func deliversRowsBeforeTheError() async throws {
        let reader = CSVReader(text: "a,b\nc,d\n\"e", name: "t.csv")
        var seen: [[String]] = []
        let error = await #expect(throws: CSVError.self) {
            for try await row in reader { seen.append(row.fields) }
        }
        #expect(seen == [["a", "b"], ["c", "d"]])
        #expect(error?.reason == .unclosedQuote)

        let results = Array(try reader.rows())
        #expect(results.count == 3)
        #expect(throws: CSVError.self) { try results[2].get() }
    }
}
