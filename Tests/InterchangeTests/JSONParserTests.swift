import MartletJSON
import Testing

@Suite struct JSONParserTests {
    private func refusal(_ text: String) -> String { refusal(Array(text.utf8)) }

    private func refusal(_ bytes: [UInt8]) -> String {
        do {
            return "accepted: \(try JSONValue(parsing: bytes))"
        } catch {
            return "\(error)"
        }
    }

    @Test func readsEveryKindOfValue() throws {
        let text = " { \"a\" : [ 1 , -2 , 2.5 , 1e3 , true , false , null ] , \"b\" : { } } \r\n\t"
        let value = try JSONValue(parsing: text)
        #expect(
            value == ["a": [1, -2, 2.5, .number(1000), true, false, nil], "b": [:]])
        #expect(value["a"]?.arrayValue?.count == 7)
    }

    @Test func keepsIntegersAndFractionsApart() throws {
        #expect(try JSONValue(parsing: "2") == .integer(2))
        #expect(try JSONValue(parsing: "2.0") == .number(2))
        #expect(try JSONValue(parsing: "2e0") == .number(2))
        #expect(try JSONValue(parsing: "2.0").integerValue == nil)
        #expect(try JSONValue(parsing: "9223372036854775807") == .integer(.max))
        #expect(try JSONValue(parsing: "-9223372036854775808") == .integer(.min))
        #expect(
            try JSONValue(parsing: "9223372036854775808")
                == .largeInteger("9223372036854775808"))
        #expect(
            try JSONValue(parsing: "1000000000000000019884624838656").doubleValue == 1e30)
        guard case .number(let zero) = try JSONValue(parsing: "-0") else {
            Issue.record("-0 must keep its sign")
            return
        }
        #expect(zero.sign == .minus)
    }

    @Test(arguments: [
        "0.1", "1e-12", "123456789.123456789", "4.9406564584124654e-324", "2.2250738585072014e-308",
        "1.7976931348623157e308", "9007199254740993.0", "0.30000000000000004", "1e22", "1e23",
        "123456789012345678901234567890.5e-10", "0.000000000000000000000000000001",
        "-1.5E+3", "7205759403792793.2e1",
    ])
    func readsTheNearestDouble(_ text: String) throws {
        let expected = try #require(Double(text))
        guard case .number(let value) = try JSONValue(parsing: text) else {
            Issue.record("\(text) is no number")
            return
        }
        #expect(value.bitPattern == expected.bitPattern)
    }

    @Test func resolvesEscapesAndSurrogatePairs() throws {
        let text = #""\" \\ \/ \b\f\n\r\t \u00e9 \uD83D\uDE00 \u0000 é 😀""#
        #expect(
            try JSONValue(parsing: text)
                == .string("\" \\ / \u{8}\u{C}\n\r\t é 😀 \u{0} é 😀"))
    }

    /// Swift's `==` merges these keys; their bytes differ.
    @Test func comparesKeysByBytes() throws {
        let value = try JSONValue(parsing: "{\"\u{E9}\": 1, \"e\u{301}\": 2}")
        #expect(value["\u{E9}"] == 1)
        #expect(value["e\u{301}"] == 2)
        #expect(value.objectValue?.count == 2)
        #expect(JSONValue.string("\u{E9}") != .string("e\u{301}"))
        #expect(
            refusal("{\"\u{E9}\": 1, \"\\u00e9\": 2}")
                == "JSON, line 1, column 10 (byte 10): the key \"é\" appears twice in one object; "
                + "remove one")
    }

    @Test func findsRepeatedKeysInLargeObjects() throws {
        let members = (0..<5000).map { "\"key\($0)\":\($0)" }
        let text = "{" + members.joined(separator: ",") + "}"
        let value = try JSONValue(parsing: text)
        #expect((0..<5000).allSatisfy { value["key\($0)"] == .integer(Int64($0)) })
        #expect(value["key5000"] == nil)
        #expect(
            refusal("{" + (members + ["\"key17\":0"]).joined(separator: ",") + "}")
                .hasSuffix("the key \"key17\" appears twice in one object; remove one"))
    }

    @Test(arguments: [
        ("", "line 1, column 1 (byte 0): the document is empty; expected a value"),
        ("  ", "line 1, column 3 (byte 2): expected a value, found the end of the document"),
        ("{\"a\" 1}", "line 1, column 6 (byte 5): expected ':' after a key, found '1'"),
        ("[1 2]", "line 1, column 4 (byte 3): expected ',' or ']', found '2'"),
        ("{\"a\":1,}", "column 8 (byte 7): expected a string in double quotes, found '}'"),
        ("[1,]", "line 1, column 4 (byte 3): expected a value, found ']'"),
        ("[1", "line 1, column 3 (byte 2): expected ',' or ']', found the end of the document"),
        ("{'a':1}", "column 2 (byte 1): expected a string in double quotes, found '''"),
        ("01", "line 1, column 1 (byte 0): a number must not begin with 0; remove the zero"),
        ("-", "column 2 (byte 1): expected a digit after '-', found the end of the document"),
        ("1.", "column 3 (byte 2): expected a digit after '.', found the end of the document"),
        ("1e", "expected a digit of the exponent, found the end of the document"),
        ("1e999", "column 1 (byte 0): this number is beyond the range of 64-bit floats"),
        ("NaN", "line 1, column 1 (byte 0): expected a value, found 'N'"),
        ("tru", "line 1, column 1 (byte 0): expected a value, found 't'"),
        (
            "[\n  \"é\", x]",
            "line 2, column 8 (byte 10): expected a value, found 'x'"
        ),
        (
            "{} {}",
            "column 4 (byte 3): there is more after the document's end, beginning with '{'; "
                + "remove it"
        ),
        ("\"abc", "line 1, column 1 (byte 0): this string is not closed by '\"'"),
        ("\"a\nb\"", "(byte 2): control character in a string; write it as \\u000A"),
        (
            "\"\\x\"",
            "(byte 1): unknown escape; JSON knows \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX"
        ),
        ("\"\\u12g4\"", "(byte 1): \\u needs four hexadecimal digits"),
        (
            "\"\\ud800\"",
            "(byte 1): half of a surrogate pair; write both halves or the character itself"
        ),
        (
            "\"\\udc00\\ud800\"",
            "(byte 1): half of a surrogate pair; write both halves or the character itself"
        ),
        ("\0", "column 1 (byte 0): expected a value, found byte 0x00"),
    ])
    func refuses(_ text: String, _ message: String) {
        #expect(refusal(text).hasSuffix(message))
    }

    @Test(
        arguments: [
            [0x22, 0x80, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xC3, 0x22],
            [0x22, 0xE0, 0x80, 0x80],
            [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0xF0, 0x80, 0x80, 0x80, 0x22],
            [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22], [0x22, 0xF5, 0x80, 0x80, 0x80, 0x22],
            [0x22, 0xE2],
        ] as [[UInt8]])
    func refusesInvalidUTF8(_ bytes: [UInt8]) {
        #expect(
            refusal(bytes)
                == "JSON, line 1, column 2 (byte 1): invalid UTF-8; save the file as UTF-8")
    }

    @Test func refusesDeepNestingWithoutRecursion() throws {
        let deep = String(repeating: "[", count: 100_000)
        #expect(
            refusal(deep)
                == "JSON, line 1, column 129 (byte 128): arrays and objects are nested more than "
                + "128 deep")
        let allowed = String(repeating: "[", count: 128) + String(repeating: "]", count: 128)
        #expect(try JSONValue(parsing: allowed).arrayValue?.count == 1)
        #expect(refusal(String(repeating: "{\"a\":", count: 100_000)).contains("nested more than"))
    }

    @Test func refusesTooManyBytes() {
        #expect(throws: JSONError.self) {
            try JSONValue(parsing: "[1,2,3]", limits: JSONLimits(byteCount: 6))
        }
    }

    /// Every prefix and every changed byte of a document is answered, never trapped on.
    @Test func survivesDamage() {
        let document = Array(
            #"{"a":[1,-2.5e3,"x\u00e9\ud83d\ude00\n"],"é":{"b":null,"c":true}}"#.utf8)
        var accepted = 0
        for end in document.indices where (try? JSONValue(parsing: Array(document[..<end]))) != nil
        {
            accepted += 1
        }
        #expect(accepted == 0)
        for position in document.indices {
            for byte in UInt8.min...UInt8.max {
                var damaged = document
                damaged[position] = byte
                if let value = try? JSONValue(parsing: damaged) {
                    #expect((try? JSONValue(parsing: value.serialized())) == value)
                    accepted += 1
                }
            }
        }
        #expect(accepted > document.count)
    }
}
