import MartletJSON
import Testing

@Suite struct JSONWriterTests {
    private let document: JSONValue = [
        "name": "a \"b\" \\ \n\u{1}é😀", "count": 3, "rate": 3.0, "small": 1e-12,
        "list": [1, [], [:], nil, true], "nested": ["z": 1, "a": 2],
    ]

    @Test func writesCompactTextInOrder() {
        #expect(
            document.text()
                == #"{"name":"a \"b\" \\ \n\u0001é😀","count":3,"rate":3.0,"small":1e-12,"#
                + #""list":[1,[],{},null,true],"nested":{"z":1,"a":2}}"#)
    }

    @Test func writesIndentedText() {
        let value: JSONValue = ["a": [1, 2], "b": [:], "c": ["d": []]]
        let expected = """
            {
              "a": [
                1,
                2
              ],
              "b": {},
              "c": {
                "d": []
              }
            }
            """
        #expect(value.text(.indented) == expected)
    }

    @Test func whatItWritesReadsBackTheSame() throws {
        #expect(try JSONValue(parsing: document.serialized()) == document)
        #expect(try JSONValue(parsing: document.serialized(.indented)) == document)
        #expect(try JSONValue(parsing: document.serialized()).text() == document.text())
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let number = Double(bitPattern: generator.next())
            if !number.isFinite { continue }
            let text = JSONValue.number(number).text()
            #expect(try JSONValue(parsing: text).doubleValue == number, "\(text)")
        }
    }

    @Test func objectsReplaceAndRemoveMembers() {
        var object: JSONObject = ["a": 1, "b": 2]
        object["a"] = 3
        object["c"] = 4
        object["b"] = nil
        #expect(object == ["a": 3, "c": 4])
        for number in 0..<100 { object["key\(number)"] = .integer(Int64(number)) }
        object["key50"] = nil
        #expect(object["key49"] == 49)
        #expect(object["key50"] == nil)
        #expect(object["key99"] == 99)
        #expect(object.count == 101)
    }
}

@Suite struct JSONFieldsTests {
    @Test func readsFields() throws {
        let fields = JSONFields(
            ["n": 12, "x": 0.5, "s": "gelu", "b": true, "list": [["id": 1]], "nothing": nil],
            source: "config.json")
        #expect(fields.integer("n", in: 1...100) == 12)
        #expect(fields.number("n", in: 0...100) == 12)
        #expect(fields.number("x", in: 0...1) == 0.5)
        #expect(fields.string("s") == "gelu")
        #expect(fields.bool("b"))
        #expect(fields.list("list").map { $0.integer("id", in: 0...9) } == [1])
        #expect(fields.integer("nothing", in: 0...9, default: 7) == 7)
        #expect(fields.number("absent", in: 0...1, default: 0.1) == 0.1)
        #expect(fields.optionalString("absent") == nil)
        #expect(!fields.has("nothing"))
        try fields.finish()
    }

    @Test func listsEveryProblemAtOnce() {
        let fields = JSONFields(
            [
                "hidden_size": "768", "layers": 0, "eps": 1, "heads": 12.0, "inner": ["a": 1],
                "list": [1], "max": .largeInteger("99999999999999999999"), "vocab": nil,
            ],
            source: "config.json")
        _ = fields.integer("hidden_size", in: 1...9999)
        _ = fields.integer("layers", in: 1...1000)
        _ = fields.number("eps", in: 0...0.5)
        _ = fields.integer("heads", in: 1...100)
        _ = fields.string("absent")
        _ = fields.integer("vocab", in: 1...10)
        _ = fields.fields("inner").string("a")
        _ = fields.list("list")
        _ = fields.optionalInteger("max", in: 0...10)
        fields.report("heads", "does not divide hidden_size")
        #expect {
            try fields.finish()
        } throws: { error in
            "\(error)" == """
                config.json: 10 problems
                  - hidden_size: expected an integer, found a string
                  - layers: 0 is outside 1...1000
                  - eps: 1.0 is outside 0.0...0.5
                  - heads: expected an integer, found a number with a fraction
                  - absent: is missing; expected a string
                  - vocab: is null; expected an integer
                  - inner.a: expected a string, found an integer
                  - list[0]: expected an object, found an integer
                  - max: 99999999999999999999 is outside 0...10
                  - heads: does not divide hidden_size
                """
        }
    }
}
