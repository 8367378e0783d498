extension Graph {
    /// Reads the textual IR (`docs/ir.md`).
    ///
    /// Types are inferred; where the text states them they must agree. Values may be numbered or
    /// named (`%logits`). Any text is safe: what is wrong is thrown.
    ///
    /// - Throws: `GraphTextError` with line, column and what was expected.
    public init(parsing text: String) throws {
        var parser = GraphParser(text)
        self = try parser.parse()
    }
}

/// A recursive-descent parser without recursion: the grammar is flat.
private struct GraphParser {
    private var scanner: TextScanner
    private var builder = GraphBuilder()
    private var types: TypeParser
    /// The node each name stands for.
    private var nodes: [String: Int] = [:]

    init(_ text: String) {
        scanner = TextScanner(text)
        types = TypeParser()
    }

    mutating func parse() throws -> Graph {
        try scanner.expect(word: "graph")
        builder = GraphBuilder(name: try scanner.quoted("the graph's name in quotes"))
        if scanner.accept(word: "symbols") { try types.declareSymbols(&scanner) }
        try scanner.expect("{")
        while scanner.peek() == UInt8(ascii: "%") { try parseNode() }
        while scanner.accept(word: "return") { try parseOutput() }
        if !scanner.accept("}") {
            throw scanner.unexpected(
                builder.outputs.isEmpty
                    ? "a node such as %0 = …, a return, or \"}\"" : "another return, or \"}\"")
        }
        let end = scanner.position
        if !scanner.isAtEnd { throw scanner.unexpected("nothing after the graph") }
        do {
            let graph = try builder.build()
            try Verifier.verifySymbols(of: graph)
            return graph
        } catch let error as GraphError {
            throw scanner.error(error.description, at: end - 1)
        }
    }

    // MARK: Nodes

    /// `%3 = add(%1, %2) {…} : f32[4] @ "layer"`
    private mutating func parseNode() throws {
        let start = scanner.position
        let name = try scanner.valueName()
        guard nodes[name] == nil else {
            throw scanner.error("%\(name) is defined twice", at: start)
        }
        try scanner.expect("=")
        scanner.skipSpace()
        let opStart = scanner.position
        let opName = try scanner.word("the name of an op")
        let operands = try parseOperands()
        let attributes = try parseAttributes()
        let results: [Value]
        // The path comes last in the text, so it is looked up before the op is appended.
        let (stated, statedAt) = try parseTypes()
        let path = scanner.accept("@") ? try scanner.quoted("the layer path in quotes") : ""
        do {
            results = try builder.append(Op.read(opName, attributes), operands, path: path)
        } catch let error as GraphError {
            throw scanner.error(
                GraphError(op: error.op, message: error.message).description, at: opStart)
        } catch let mismatch as TypeMismatch {
            throw scanner.error("\(opName): \(mismatch.message)", at: opStart)
        }
        let inferred = builder.nodes[results.first?.node ?? 0].types
        if let stated, stated != inferred {
            throw scanner.error(
                "%\(name): the types given, \(Self.text(stated)), differ from those inferred, "
                    + "\(Self.text(inferred)); correct them or leave them out", at: statedAt)
        }
        nodes[name] = builder.nodes.count - 1
    }

    private static func text(_ types: [TensorType]) -> String {
        let list = types.map(\.description).joined(separator: ", ")
        return types.count == 1 ? list : "(\(list))"
    }

    private mutating func parseOperands() throws -> [Value] {
        try scanner.expect("(")
        var operands: [Value] = []
        if scanner.accept(")") { return operands }
        repeat { operands.append(try parseValue()) } while scanner.accept(",")
        if !scanner.accept(")") { throw scanner.unexpected("\",\" or \")\"") }
        return operands
    }

    /// `%3` or `%5#1`
    private mutating func parseValue() throws -> Value {
        scanner.skipSpace()
        let start = scanner.position
        let name = try scanner.valueName()
        guard let node = nodes[name] else {
            throw scanner.error("%\(name) is not defined above its use", at: start)
        }
        let result = scanner.accept("#") ? try scanner.integer("the number of a result") : 0
        let count = builder.nodes[node].types.count
        guard (0..<count).contains(result) else {
            throw scanner.error(
                "%\(name) has results 0..<\(count), not \(result)", at: start)
        }
        return Value(node: node, result: result)
    }

    /// The types stated after `:`, if they are, and where.
    private mutating func parseTypes() throws -> ([TensorType]?, Int) {
        guard scanner.accept(":") else { return (nil, scanner.position) }
        scanner.skipSpace()
        let start = scanner.position
        guard scanner.accept("(") else { return ([try types.type(&scanner)], start) }
        var stated: [TensorType] = []
        if scanner.accept(")") { return (stated, start) }
        repeat { stated.append(try types.type(&scanner)) } while scanner.accept(",")
        if !scanner.accept(")") { throw scanner.unexpected("\",\" or \")\"") }
        return (stated, start)
    }

    // MARK: Attributes

    private mutating func parseAttributes() throws -> [Attribute] {
        var attributes: [Attribute] = []
        guard scanner.accept("{") else { return attributes }
        if scanner.accept("}") { return attributes }
        repeat {
            let name = try scanner.word("the name of an attribute")
            try scanner.expect("=")
            attributes.append(Attribute(name, try parseAttributeValue()))
        } while scanner.accept(",")
        if !scanner.accept("}") { throw scanner.unexpected("\",\" or \"}\"") }
        return attributes
    }

    private mutating func parseAttributeValue() throws -> AttributeValue {
        switch scanner.peek() {
        case UInt8(ascii: "\""): return .text(try scanner.quoted("text"))
        case UInt8(ascii: "["): return .shape(try types.shape(&scanner))
        case UInt8(ascii: "("):
            return .integers(
                try parseList("(", ")") { try $0.scanner.integer("an integer") })
        case UInt8(ascii: "{"): return .numbers(try parseList("{", "}") { try $0.parseNumber() })
        default: break
        }
        if scanner.startsNumber {
            switch try scanner.number() {
            case .integer(let integer): return .integer(integer)
            case .number(let number): return .number(number)
            }
        }
        let word = try scanner.word("the value of an attribute")
        switch word {
        case "true": return .boolean(true)
        case "false": return .boolean(false)
        case "inf": return .number(.infinity)
        case "nan": return .number(try scanner.nanBits() ?? .nan)
        default: return .word(word)
        }
    }

    private mutating func parseNumber() throws -> Double {
        if scanner.accept(word: "inf") { return .infinity }
        if scanner.accept(word: "nan") { return try scanner.nanBits() ?? .nan }
        scanner.skipSpace()
        guard scanner.startsNumber else { throw scanner.unexpected("a number") }
        switch try scanner.number() {
        case .integer(let integer): return Double(integer)
        case .number(let number): return number
        }
    }

    private mutating func parseList<Element>(
        _ open: Unicode.Scalar, _ close: Unicode.Scalar,
        _ element: (inout GraphParser) throws -> Element
    ) throws -> [Element] {
        try scanner.expect(open)
        var elements: [Element] = []
        if scanner.accept(close) { return elements }
        repeat { elements.append(try element(&self)) } while scanner.accept(",")
        if !scanner.accept(close) { throw scanner.unexpected("\",\" or \"\(close)\"") }
        return elements
    }

    // MARK: Outputs

    /// `return "kernel" = %7#0 updates "kernel"`
    private mutating func parseOutput() throws {
        let name = try scanner.quoted("the output's name in quotes")
        try scanner.expect("=")
        let value = try parseValue()
        let updates =
            scanner.accept(word: "updates") ? try scanner.quoted("an input's name in quotes") : nil
        builder.output(name, value, updates: updates)
    }
}
