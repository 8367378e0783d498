/// Names and paths of layers.
package enum LayerNames {
    /// The user's name, or the class name in snake case.
    static func baseName(of layer: any Layer) -> String {
        layer.name ?? snakeCase(className(of: layer))
    }

    static func className(of object: AnyObject) -> String {
        let name = String(describing: Swift.type(of: object))
        return name.firstIndex(of: "<").map { String(name[..<$0]) } ?? name
    }

    /// `MultiHeadAttention` → `multi_head_attention`, `GlobalAveragePooling1D` →
    /// `global_average_pooling1d`, `ReLU` → `re_lu`: Keras's rule, digit groups included.
    package static func snakeCase(_ name: String) -> String {
        let characters = Array(name)
        var words = ""
        for (index, character) in characters.enumerated() {
            let previous = index > 0 ? characters[index - 1] : nil
            let next = index + 1 < characters.count ? characters[index + 1] : nil
            if character.isUppercase, let previous, previous != "_" {
                // A word starts after a small letter or a digit that a word follows, and at the
                // last capital of a run of them.
                let afterLower = previous.isLowercase || (previous.isNumber && isWordStart(next))
                let endsRun = previous.isUppercase && (next?.isLowercase ?? false)
                if afterLower || endsRun { words.append("_") }
            }
            words += character.lowercased()
        }
        return words
    }

    private static func isWordStart(_ next: Character?) -> Bool { next?.isLowercase ?? false }

    /// The path component of every layer held by an object's stored properties: the layer's own
    /// name, or else the property's; elements of an array get `/0`, `/1`, ….
    static func sublayerNames(of owner: AnyObject) -> [ObjectIdentifier: String] {
        var names: [ObjectIdentifier: String] = [:]
        var mirror: Mirror? = Mirror(reflecting: owner)
        while let current = mirror {
            for child in current.children {
                guard let label = child.label else { continue }
                collect(child.value, label: snakeCase(label), depth: 0, into: &names)
            }
            mirror = current.superclassMirror
        }
        return names
    }

    private static func collect(
        _ value: Any, label: String, depth: Int, into names: inout [ObjectIdentifier: String]
    ) {
        if let layer = value as? any Layer {
            let key = ObjectIdentifier(layer)
            if names[key] == nil { names[key] = layer.name ?? label }
            return
        }
        // Layers hide in optionals, arrays, dictionaries, tuples and structs; not in other objects.
        guard depth < 4 else { return }
        let mirror = Mirror(reflecting: value)
        switch mirror.displayStyle {
        case .optional:
            for child in mirror.children {
                collect(child.value, label: label, depth: depth + 1, into: &names)
            }
        case .collection:
            for (index, child) in mirror.children.enumerated() {
                collect(child.value, label: "\(label)/\(index)", depth: depth + 1, into: &names)
            }
        case .dictionary:
            for child in mirror.children {
                let pair = Array(Mirror(reflecting: child.value).children)
                guard pair.count == 2 else { continue }
                collect(
                    pair[1].value, label: "\(label)/\(pair[0].value)", depth: depth + 1,
                    into: &names)
            }
        case .tuple, .struct:
            for child in mirror.children {
                guard let inner = child.label else { continue }
                collect(
                    child.value, label: "\(label)/\(snakeCase(inner))", depth: depth + 1,
                    into: &names)
            }
        default: return
        }
    }
}

/// Numbers repeated names: `dense`, `dense_1`, `dense_2`.
struct NameCounter {
    private var counts: [String: Int] = [:]
    private var taken: Set<String> = []

    /// Keeps a name that a user gave from being handed out.
    mutating func reserve(_ name: String) { taken.insert(name) }

    mutating func next(_ base: String) -> String {
        while true {
            let count = counts[base, default: 0]
            counts[base] = count + 1
            let name = count == 0 ? base : "\(base)_\(count)"
            if taken.insert(name).inserted { return name }
        }
    }
}
