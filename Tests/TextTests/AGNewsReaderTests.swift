import MartletText
import Testing

@Suite struct AGNewsReaderTests {
    private let rows = #"""
        "3","Wall St.","Short-sellers\band #36;1 ""again"""
        "1","Peace ",""
        """#

    @Test func joinsTitleAndDescription() throws {
        let expected = [
            AGNewsExample(text: "Wall St. Short-sellers\\band #36;1 \"again\"", label: 2),
            AGNewsExample(text: "Peace  ", label: 0),
        ]
        #expect(try AGNewsReader(text: rows).readAll() == expected)
        #expect(
            try AGNewsReader(text: "Class Index,Title,Description\n" + rows).readAll() == expected)
    }

    @Test func iteratesTwice() async throws {
        let reader = AGNewsReader(text: "class,title,description\n" + rows)
        for _ in 0..<2 {
            var labels: [Int32] = []
            for try await example in reader { labels.append(example.label) }
            #expect(labels == [2, 0])
        }
        var single: [String] = []
        for try await example in AGNewsReader(text: "4,a,b") { single.append(example.text) }
        #expect(single == ["a b"])
    }

    @Test(arguments: [
        ("1,a,b\n5,c,d", "t.csv:2:1: class is \"5\", expected 1, 2, 3 or 4"),
        ("1,a,b\n0,c,d", "t.csv:2:1: class is \"0\", expected 1, 2, 3 or 4"),
        ("1,a,b\n\"\n\",c,d", "t.csv:2:1: class is \"\\u{a}\", expected 1, 2, 3 or 4"),
        ("1,a,b\nclass,c,d", "t.csv:2:1: class is \"class\", expected 1, 2, 3 or 4"),
        ("World,a,b", "t.csv:1:1: class is \"World\", expected 1, 2, 3 or 4"),
        ("1,a", "t.csv:1:1: the row is \"1,a\", expected 3 fields: class, title, description"),
        ("class,title,description", "t.csv: the file has a header but no rows"),
        ("", "t.csv: the file is empty, expected rows"),
    ]) func refuses(_ text: String, _ message: String) async {
        let reader = AGNewsReader(text: text, name: "t.csv")
        let error = #expect(throws: CSVError.self) { try reader.readAll() }
        #expect(error?.description == message)
        let streamed = await #expect(throws: CSVError.self) { for try await _ in reader {} }
        #expect(streamed == error)
    }
}
