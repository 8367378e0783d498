/// Something the user gave that cannot be, and how to mend it.
struct UserError: Error, Hashable, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
