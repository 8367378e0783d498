/// Which layer paths are frozen: the longest path that leads to a weight decides.
struct Trainability: Hashable, Sendable {
    private var rules: [String: Bool] = [:]

    /// Sets a whole subtree; what was set below it before is forgotten, as in Keras.
    mutating func set(_ isTrainable: Bool, for path: String) {
        rules = rules.filter { !Self.contains(path, $0.key) }
        rules[path] = isTrainable
    }

    /// The rule that decides for a path, and how long it is; nil where there is none.
    func match(_ path: String) -> (length: Int, isTrainable: Bool)? {
        rules.filter { Self.contains($0.key, path) }
            .max { $0.key.count < $1.key.count }
            .map { ($0.key.count, $0.value) }
    }

    /// The rules, shortest paths first.
    var list: [(path: String, isTrainable: Bool)] {
        rules.map { (path: $0.key, isTrainable: $0.value) }
            .sorted { ($0.path.count, $0.path) < ($1.path.count, $1.path) }
    }

    static func contains(_ outer: String, _ path: String) -> Bool {
        outer.isEmpty || path == outer || path.hasPrefix(outer + "/")
    }
}
