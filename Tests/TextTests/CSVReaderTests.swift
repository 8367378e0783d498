import Foundation
import MartletText
import TestSupport
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

    @Test func readsNumbers() throws {
        let text = "n,x\n-12,1.5e3\n5,1e50\n1.0,\"1,5\"\n 7,nan\n"
        let rows = try CSVReader(text: text, name: "t.csv", options: .init(hasHeader: true))
            .readAll()
        #expect(try rows[0].integer("n") == -12)
        #expect(try rows[0].float("x") == 1500)
        #expect(try rows[0].string("x") == "1.5e3")

        func message(_ body: () throws -> Void) -> String? {
            #expect(throws: CSVError.self, performing: body)?.description
        }
        #expect(
            message { _ = try rows[1].integer("n", in: 0...4) }
                == "t.csv:3:1: n is \"5\", expected a whole number from 0 to 4")
        #expect(
            message { _ = try rows[1].float("x") }
                == "t.csv:3:3: x is \"1e50\", expected a number up to ±3.4e38")
        #expect(
            message { _ = try rows[2].integer("n") }
                == "t.csv:4:1: n is \"1.0\", expected a whole number")
        #expect(
            message { _ = try rows[2].float("x") }
                == "t.csv:4:5: x is \"1,5\", expected a number with a decimal point")
        #expect(
            message { _ = try rows[3].float("x") }
                == "t.csv:5:4: x is \"nan\", expected a number up to ±3.4e38")
        #expect(message { _ = try rows[3].integer("n") } != nil)
        #expect(
            message { _ = try rows[3].string("y") }
                == "t.csv:5:1: there is no column \"y\"; the header has \"n\", \"x\"")
        let bare = try CSVReader(text: "1,2", name: "t.csv").readAll()
        #expect(
            message { _ = try bare[0].string("y") }
                == "t.csv:1:1: there is no column \"y\", because the file is read without a "
                + "header; set hasHeader")
    }

    @Test(.reportingSeed) func readsWhatWasWritten() {
        let alphabet = ["a", ",", "\"", "\n", "\r", "\r\n", "é", "e\u{301}", "😀", " ", "\u{FEFF}"]
        withEvery(seed: 0..<300) { random in
            let columns = random.integer(in: 1..<5)
            let rows = (0..<random.integer(in: 1..<6)).map { _ in
                (0..<columns).map { _ in
                    (0..<random.integer(in: 0..<6)).map { _ in random.element(of: alphabet) }
                        .joined()
                }
            }
            let end = random.element(of: ["\n", "\r\n", "\r"])
            var text = rows.map { row in
                row.map { "\"" + $0.replacing("\"", with: "\"\"") + "\"" }.joined(separator: ",")
            }.joined(separator: end)
            if random.bool() { text += end }
            let read = try fields(text).map { $0.map { Array($0.utf8) } }
            #expect(read == rows.map { $0.map { Array($0.utf8) } })
        }
    }

    @Test func noiseIsReadOrRefused() {
        let alphabet = ["a", ",", "\"", "\n", "\r", "é", "\0"]
        var readCount = 0
        withEvery(seed: 0..<2000) { random in
            let text = (0..<random.integer(in: 0..<12)).map { _ in random.element(of: alphabet) }
                .joined()
            do {
                let rows = try fields(text)
                #expect(Set(rows.map(\.count)).count == 1)
                readCount += 1
            } catch is CSVError {}
        }
        #expect((100..<1900).contains(readCount))
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
