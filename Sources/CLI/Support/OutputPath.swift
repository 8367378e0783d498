import Foundation

/// Refuses places that cannot be written to, before work is done for them.
enum OutputPath {
    /// - Throws: `UserError` where the path is a file, or nothing can be made there.
    static func requireFolder(_ path: String, option: String) throws {
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) {
            guard isFolder.boolValue else {
                throw UserError("\(option): \(path) is a file, expected a folder")
            }
            try requireWritable(path, option: option)
        } else {
            try requireParent(of: path, option: option)
        }
    }

    /// - Throws: `UserError` where the path is a folder, or its folder is missing or closed.
    static func requireFile(_ path: String, option: String) throws {
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue
        {
            throw UserError("\(option): \(path) is a folder, expected a file")
        }
        try requireParent(of: path, option: option)
    }

    private static func requireParent(of path: String, option: String) throws {
        let parent = URL(fileURLWithPath: path).deletingLastPathComponent().path
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: parent, isDirectory: &isFolder),
            isFolder.boolValue
        else { throw UserError("\(option): there is no folder \(parent)") }
        try requireWritable(parent, option: option)
    }

    private static func requireWritable(_ folder: String, option: String) throws {
        guard FileManager.default.isWritableFile(atPath: folder) else {
            throw UserError("\(option): \(folder) may not be written to")
        }
    }
}
