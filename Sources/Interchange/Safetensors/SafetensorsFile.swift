import MartletFiles
import MartletJSON

/// A safetensors file open for reading.
///
/// Opening reads and checks the header only; tensors are then read one by one into memory of
/// the caller's. Safe to use from many threads at once.
///
/// ```swift
/// let file = try SafetensorsFile(path: "model.safetensors")
/// let embedding = try file.floats("embeddings.word_embeddings.weight")
/// ```
public final class SafetensorsFile: Sendable {
    public typealias Tensor = SafetensorsHeader.Tensor

    public let header: SafetensorsHeader
    private let file: ReadableFile

    public var path: String { file.path }
    public var tensors: [Tensor] { header.tensors }

    /// Opens and checks `path`. Throws `FileError` or `SafetensorsError`.
    public init(
        path: String, limits: SafetensorsHeader.Limits = SafetensorsHeader.Limits()
    ) throws {
        let file = try ReadableFile(path: path)
        self.file = file
        header = try Self.readHeader(of: file, limits: limits)
    }

    private static func readHeader(
        of file: ReadableFile, limits: SafetensorsHeader.Limits
    ) throws -> SafetensorsHeader {
        let field = try file.bytes(0..<min(file.byteCount, SafetensorsHeader.lengthByteCount))
        do {
            let range = try field.withUnsafeBytes {
                try SafetensorsHeader.headerRange(
                    lengthField: $0, fileByteCount: file.byteCount, limits: limits)
            }
            let text = try file.bytes(range)
            return try text.withUnsafeBytes {
                try SafetensorsHeader(
                    parsing: $0, dataByteCount: file.byteCount - range.upperBound,
                    limits: limits)
            }
        } catch let error as SafetensorsError {
            throw error.at(file.path)
        }
    }

    /// The tensor of this name, or an error.
    public func tensor(_ name: String) throws(SafetensorsError) -> Tensor {
        if let tensor = header[name] { return tensor }
        throw SafetensorsError(
            .noSuchTensor, path: path,
            "there is no tensor \(name.quotedForMessage()) among the \(tensors.count) in the file")
    }

    /// Copies the tensor's bytes, little-endian and row-major, as they are in the file.
    ///
    /// - Throws: `SafetensorsError` if there is no such tensor or `destination` has another
    ///   size, `FileError` if the file cannot be read or ends early.
    public func read(
        _ name: String, into destination: UnsafeMutableRawBufferPointer
    ) throws {
        let tensor = try tensor(name)
        guard destination.count == tensor.byteRange.count else {
            throw wrongDestination(tensor, "\(destination.count) bytes")
        }
        try file.read(
            at: header.dataOffset + tensor.byteRange.lowerBound, into: destination)
    }

    /// Reads a floating-point tensor as float32, converting f16, bf16 and f64.
    ///
    /// - Returns: how many elements are NaN or infinite (a trained model has none).
    /// - Throws: as `read(_:into:)`; also for tensors of integers or booleans.
    @discardableResult
    public func readFloats(
        _ name: String, into destination: UnsafeMutableBufferPointer<Float>
    ) throws -> Int {
        let tensor = try tensor(name)
        guard tensor.dtype.isFloatingPoint else {
            throw SafetensorsError(
                .notConvertible, path: path,
                "tensor \(name.quotedForMessage()) is of \(tensor.dtype.rawValue), which is not "
                    + "read as float32; read its bytes")
        }
        guard destination.count == tensor.elementCount else {
            throw wrongDestination(tensor, "\(destination.count) elements")
        }
        let offset = header.dataOffset + tensor.byteRange.lowerBound
        if tensor.dtype == .f32 {
            let bytes = UnsafeMutableRawBufferPointer(destination)
            try file.read(at: offset, into: bytes)
            return FloatConversion.convert(
                UnsafeRawBufferPointer(bytes), .f32, into: destination)
        }
        return try convertInParts(tensor, offset, destination)
    }

    private func convertInParts(
        _ tensor: Tensor, _ offset: Int, _ destination: UnsafeMutableBufferPointer<Float>
    ) throws -> Int {
        let size = tensor.dtype.byteCount
        let partCount = 1 << 18
        var buffer = [UInt8](repeating: 0, count: min(partCount, destination.count) * size)
        var nonFiniteCount = 0
        for first in stride(from: 0, to: destination.count, by: partCount) {
            let part = first..<min(first + partCount, destination.count)
            nonFiniteCount += try buffer.withUnsafeMutableBytes { buffer in
                let bytes = UnsafeMutableRawBufferPointer(
                    rebasing: buffer[..<(part.count * size)])
                try file.read(at: offset + first * size, into: bytes)
                return FloatConversion.convert(
                    UnsafeRawBufferPointer(bytes), tensor.dtype,
                    into: UnsafeMutableBufferPointer(rebasing: destination[part]))
            }
        }
        return nonFiniteCount
    }

    private func wrongDestination(_ tensor: Tensor, _ found: String) -> SafetensorsError {
        SafetensorsError(
            .wrongDestination, path: path,
            "tensor \(tensor.name.quotedForMessage()) of shape \(tensor.shape) "
                + "\(tensor.dtype.rawValue) has \(tensor.elementCount) elements in "
                + "\(tensor.byteRange.count) bytes; the destination has room for \(found)")
    }

    /// The tensor's bytes.
    public func bytes(_ name: String) throws -> [UInt8] {
        let count = try tensor(name).byteRange.count
        return try [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            try read(
                name,
                into: UnsafeMutableRawBufferPointer(
                    UnsafeMutableBufferPointer(rebasing: buffer[..<count])))
            initialized = count
        }
    }

    /// The elements of a floating-point tensor as float32.
    ///
    /// - Parameter allowNonFinite: whether NaN and infinite elements are let through.
    public func floats(_ name: String, allowNonFinite: Bool = true) throws -> [Float] {
        let count = try tensor(name).elementCount
        var nonFiniteCount = 0
        let values = try [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
            nonFiniteCount = try readFloats(
                name, into: UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
            initialized = count
        }
        if nonFiniteCount > 0, !allowNonFinite {
            throw nonFinite(name, count: nonFiniteCount, of: count)
        }
        return values
    }

    /// The error for a tensor with NaN or infinite elements where none are allowed.
    public func nonFinite(_ name: String, count: Int, of total: Int) -> SafetensorsError {
        SafetensorsError(
            .nonFinite, path: path,
            "tensor \(name.quotedForMessage()): \(count) of \(total) elements are NaN or infinite; "
                + "the training that wrote it had diverged")
    }
}
