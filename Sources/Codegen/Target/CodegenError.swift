/// What went wrong while making or running native code, and how to mend it.
public struct CodegenError: Error, Equatable, CustomStringConvertible {
    public let description: String

    package init(_ description: String) { self.description = description }
}
