import CMartlet
import Foundation
import MartletFiles

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Replaces a folder whole or not at all.
///
/// The files are written to a temporary folder beside it, each flushed to the disk, which then
/// takes the place of the old one in a single step. Whatever fails or whenever the process dies,
/// the path holds the old folder or the new one.
enum FolderReplacement {
    /// - Parameters:
    ///   - names: the files that a folder which is replaced may hold, and no others.
    ///   - body: writes the files into the folder it is given.
    /// - Throws: what `body` throws or `FileError`; the path then holds what it held.
    static func write(
        to path: String, replacing names: Set<String>, _ body: (_ folder: String) throws -> Void
    ) throws {
        let exists = try isThere(path, holdingOnly: names)
        let target = URL(fileURLWithPath: path).standardizedFileURL.path
        let parent = (target as NSString).deletingLastPathComponent
        let name = (target as NSString).lastPathComponent
        try FileManager.default.createDirectory(
            atPath: parent, withIntermediateDirectories: true)
        let suffix = String(UInt64.random(in: .min ... .max), radix: 36)
        let temporary = "\(parent)/.\(name).\(suffix).tmp"
        guard mkdir(temporary, 0o777) == 0 else {
            throw FileError.system(path, cannot: "create a folder beside")
        }
        // After the exchange the old folder is here; after a failure the unfinished one.
        defer { try? FileManager.default.removeItem(atPath: temporary) }
        try body(temporary)
        try flush(temporary)
        try exchange(temporary, target, exists: exists)
        try flush(parent)
    }

    /// Whether there is a folder at the path that may be replaced.
    ///
    /// - Throws: `FileError` where there is a file, or a folder with files of somebody else.
    static func isThere(_ path: String, holdingOnly names: Set<String>) throws -> Bool {
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw FileError(path: path, message: "is no path of a folder")
        }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            return false
        }
        guard isFolder.boolValue else {
            throw FileError(path: path, message: "is a file; give a folder to save a model in")
        }
        let others = try FileManager.default.contentsOfDirectory(atPath: path)
            .filter { !names.contains($0) }.sorted()
        guard others.isEmpty else {
            let shown = others.prefix(3).joined(separator: ", ") + (others.count > 3 ? ", …" : "")
            throw FileError(
                path: path,
                message: "holds other files (\(shown)) that saving a model would remove; give a "
                    + "new folder, or one with a saved model and nothing else")
        }
        return true
    }

    private static func exchange(_ new: String, _ target: String, exists: Bool) throws {
        let result =
            exists ? martlet_exchange_paths(new, target) : rename(new, target)
        if result == 0 { return }
        throw FileError.system(target, cannot: "put the new folder in place of")
    }

    private static func flush(_ folder: String) throws {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError.system(folder, cannot: "open") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw FileError.system(folder, cannot: "flush") }
    }
}
