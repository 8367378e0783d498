/// The members of a JSON object in the order they were written; keys are compared by bytes.
public struct JSONObject: Sendable {
    public struct Member: Sendable, Hashable {
        public let key: String
        public var value: JSONValue

        public init(key: String, value: JSONValue) {
            self.key = key
            self.value = value
        }

        public static func == (left: Member, right: Member) -> Bool {
            haveSameBytes(left.key, right.key) && left.value == right.value
        }

        public func hash(into hasher: inout Hasher) {
            hasher.combine(byteHash(of: key))
            hasher.combine(value)
        }
    }

    public private(set) var members: [Member] = []
    /// Present only once a linear search would be slower.
    private var index: ByteKeyIndex?

    /// Below this many members a linear search beats hashing.
    private static let linearLimit = 12

    public init() {}

    /// An object of `members` in this order; a repeated key replaces the earlier value.
    public init(_ members: some Sequence<(key: String, value: JSONValue)>) {
        for (key, value) in members { self[key] = value }
    }

    public var count: Int { members.count }
    public var isEmpty: Bool { members.isEmpty }
    public var keys: [String] { members.map(\.key) }

    /// The value under `key`. A new key goes to the end; `nil` removes the member, which
    /// takes time in proportion to the object.
    public subscript(key: String) -> JSONValue? {
        get { position(of: key).map { members[$0].value } }
        set {
            switch (position(of: key), newValue) {
            case (let position?, let value?): members[position].value = value
            case (nil, let value?): _ = append(Member(key: key, value: value))
            case (let position?, nil):
                let rest = members[..<position] + members[(position + 1)...]
                self = JSONObject(rest.map { (key: $0.key, value: $0.value) })
            case (nil, nil): break
            }
        }
    }

    /// Appends a member unless its key is taken; returns whether it was appended.
    package mutating func append(_ member: Member) -> Bool {
        if members.count < Self.linearLimit {
            if members.contains(where: { haveSameBytes($0.key, member.key) }) { return false }
            members.append(member)
            return true
        }
        var table = index ?? indexOfMembers()
        index = nil  // the only reference, so that the table grows in place
        let isNew =
            table.insert(hash: byteHash(of: member.key)) {
                haveSameBytes(members[$0].key, member.key)
            } == nil
        index = table
        if isNew { members.append(member) }
        return isNew
    }

    private func indexOfMembers() -> ByteKeyIndex {
        var table = ByteKeyIndex()
        for member in members {
            _ = table.insert(hash: byteHash(of: member.key)) { _ in false }
        }
        return table
    }

    private func position(of key: String) -> Int? {
        guard let index else { return members.firstIndex { haveSameBytes($0.key, key) } }
        return index.find(hash: byteHash(of: key)) { haveSameBytes(members[$0].key, key) }
    }
}

extension JSONObject: Hashable {
    /// Equal members in the same order.
    public static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.members == right.members
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(members) }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self.init(elements.map { (key: $0.0, value: $0.1) })
    }
}
