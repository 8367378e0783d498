import Foundation
import Glibc
import MartletFiles
import MartletRuntime

/// Where measured costs are kept: `$XDG_CACHE_HOME/martlet/`, by default `~/.cache/martlet/`, one
/// file for each processor and version of Martlet, for its owner alone.
///
/// What is read decides only which of two correct routines runs; still nothing is read that
/// somebody else could have written.
package struct ProductCostsFile: Sendable {
    private static let byteLimit = 1 << 16

    package let path: String
    private let root: String
    private let folder: String
    private let header: String

    /// Nil where the environment names no place for caches.
    package init?(
        _ target: CPUTarget,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) {
        if let cache = environment["XDG_CACHE_HOME"], cache.hasPrefix("/") {
            root = cache
        } else if let home = environment["HOME"], home.hasPrefix("/") {
            root = home + "/.cache"
        } else {
            return nil
        }
        folder = root + "/martlet"
        let name = target.name.filter { $0.isLetter || $0.isNumber || "-._".contains($0) }
        path = "\(folder)/product-costs-\(MartletVersion.current)-\(name).txt"
        header =
            "martlet \(MartletVersion.current) product costs, \(target.name) "
            + String(Self.hash(target.features), radix: 16)
    }

    /// FNV-1a: one processor's name may stand for several sets of features.
    private static func hash(_ text: String) -> UInt64 {
        text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    /// The costs kept; nil where there are none.
    ///
    /// - Throws: `CodegenError` for a file that is not this user's alone, or not of this processor
    ///   and version, or damaged.
    package func read() throws -> ProductCosts? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        if descriptor < 0 && errno == ENOENT { return nil }
        guard descriptor >= 0 else { throw refused("it cannot be opened, or is a link") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            status.st_uid == geteuid(), status.st_mode & 0o077 == 0, isPrivate(folder)
        else { throw refused("it, or its folder, is open to other users") }
        guard status.st_size <= Self.byteLimit else { throw refused("it is too large") }
        var bytes = [UInt8](repeating: 0, count: Self.byteLimit + 1)
        var count = 0
        while count < bytes.count {
            let got = bytes.withUnsafeMutableBytes { buffer -> Int in
                guard let base = buffer.baseAddress else { return 0 }
                return Glibc.read(descriptor, base + count, buffer.count - count)
            }
            if got == 0 { break }
            if got < 0 && errno != EINTR { throw refused("it cannot be read") }
            count += max(got, 0)
        }
        guard count <= Self.byteLimit,
            let text = String(validating: bytes[..<count], as: UTF8.self)
        else { throw refused("it is no text") }
        do {
            return try ProductCosts(text: text, header: header)
        } catch let error as CodegenError {
            throw refused(error.description)
        }
    }

    /// Whether only this user can put files there.
    private func isPrivate(_ folder: String) -> Bool {
        var status = stat()
        return lstat(folder, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
            && status.st_uid == geteuid() && status.st_mode & 0o022 == 0
    }

    private func refused(_ reason: String) -> CodegenError {
        CodegenError("\(path): \(reason); remove it, or run martlet calibrate")
    }

    /// Keeps costs, replacing those kept before.
    package func write(_ costs: ProductCosts) throws {
        try FileManager.default.createDirectory(
            atPath: root, withIntermediateDirectories: true)
        if mkdir(folder, 0o700) != 0 && errno != EEXIST {
            throw FileError(path: folder, message: "cannot make a folder", systemErrorNumber: errno)
        }
        guard isPrivate(folder) else {
            throw CodegenError(
                "\(folder): other users may write there; make it yours alone (chmod go-w)")
        }
        // Nobody else can enter the folder between the two.
        try AtomicFile.write(Array(costs.text(header: header).utf8), to: path)
        guard chmod(path, 0o600) == 0 else {
            throw FileError(path: path, message: "cannot be closed to others")
        }
    }

    /// Forgets what is kept.
    package func remove() throws {
        if unlink(path) != 0 && errno != ENOENT {
            throw FileError(path: path, message: "cannot be removed", systemErrorNumber: errno)
        }
    }

    /// What plans choose by: the costs kept if they may be trusted, else those built in.
    package static func trusted(_ target: CPUTarget) -> ProductCosts {
        let kept = try? ProductCostsFile(target)?.read()
        return kept ?? .builtIn(target.isa)
    }
}
