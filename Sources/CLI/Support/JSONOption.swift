import ArgumentParser
import MartletJSON

/// `--json`, which every command has.
struct JSONOption: ParsableArguments {
    @Flag(name: .customLong("json"), help: "Print JSON, for machines.")
    var isOn = false
}

extension JSONValue {
    static func integer(_ value: Int) -> JSONValue { .integer(Int64(value)) }

    static func strings(_ values: [String]) -> JSONValue { .array(values.map { .string($0) }) }
}
