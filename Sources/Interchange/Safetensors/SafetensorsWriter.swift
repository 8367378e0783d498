import MartletFiles
import MartletJSON

/// A tensor to be written to a safetensors file.
public struct SafetensorsTensor {
    /// Hands over the tensor's bytes, little-endian and row-major, in any number of pieces.
    public typealias Contents = ((UnsafeRawBufferPointer) throws -> Void) throws -> Void

    public let name: String
    public let dtype: TensorFileDType
    public let shape: [Int]
    let contents: Contents

    /// A tensor whose bytes are fetched only when they are written.
    public init(
        name: String, dtype: TensorFileDType, shape: [Int], contents: @escaping Contents
    ) {
        self.name = name
        self.dtype = dtype
        self.shape = shape
        self.contents = contents
    }

    public init(name: String, dtype: TensorFileDType, shape: [Int], bytes: [UInt8]) {
        self.init(name: name, dtype: dtype, shape: shape) { write in
            try bytes.withUnsafeBytes { try write($0) }
        }
    }

    /// A float32 tensor.
    public init(name: String, shape: [Int], floats: [Float]) {
        self.init(name: name, dtype: .f32, shape: shape) { write in
            try floats.withUnsafeBytes { try write($0) }
        }
    }
}

extension SafetensorsFile {
    /// Writes a safetensors file, whole or not at all.
    ///
    /// Tensors are ordered by element type, widest first, then by the bytes of their names, and
    /// the header is padded to 8 bytes: the same bytes as the reference implementation's, and
    /// every tensor aligned to its element.
    ///
    /// - Throws: `SafetensorsError` if names repeat, a shape is invalid or a tensor hands over
    ///   another number of bytes than its shape needs; `FileError` if writing fails. In both
    ///   cases the path keeps what it held.
    public static func write(
        _ tensors: [SafetensorsTensor], metadata: [(key: String, value: String)] = [],
        to path: String
    ) throws {
        let ordered = tensors.sorted {
            $0.dtype == $1.dtype
                ? $0.name.utf8.lexicographicallyPrecedes($1.name.utf8)
                : $0.dtype.writingRank < $1.dtype.writingRank
        }
        let header: [UInt8]
        do throws(SafetensorsError) {
            header = try encodeHeader(ordered, metadata)
        } catch {
            throw error.at(path)
        }
        try AtomicFile.write(to: path) { file in
            try header.withUnsafeBytes { try file.append($0) }
            for tensor in ordered {
                let begin = file.byteCount
                try tensor.contents { try file.append($0) }
                try check(tensor, wrote: file.byteCount - begin, path)
            }
        }
    }

    private static func check(
        _ tensor: SafetensorsTensor, wrote byteCount: Int, _ path: String
    ) throws(SafetensorsError) {
        let expected = tensor.dtype.byteCount(of: tensor.shape) ?? 0
        guard byteCount == expected else {
            throw SafetensorsError(
                .wrongContents, path: path,
                "tensor \(tensor.name.quotedForMessage()): shape \(tensor.shape) of "
                    + "\(tensor.dtype.rawValue) needs \(expected) bytes, received \(byteCount)")
        }
    }

    /// The length field and the header, padded with spaces to a multiple of 8.
    private static func encodeHeader(
        _ tensors: [SafetensorsTensor], _ metadata: [(key: String, value: String)]
    ) throws(SafetensorsError) -> [UInt8] {
        var names = ByteKeyIndex(expectedCount: tensors.count)
        var header = JSONObject()
        if !metadata.isEmpty {
            header["__metadata__"] = .object(
                JSONObject(metadata.map { (key: $0.key, value: .string($0.value)) }))
        }
        var offset = 0
        for tensor in tensors {
            let name = tensor.name.quotedForMessage()
            let isNew =
                names.insert(hash: byteHash(of: tensor.name)) {
                    haveSameBytes(tensors[$0].name, tensor.name)
                } == nil
            guard isNew, !haveSameBytes(tensor.name, "__metadata__") else {
                throw SafetensorsError(.duplicateTensor, "two tensors are named \(name)")
            }
            guard tensor.shape.allSatisfy({ $0 >= 0 }),
                let byteCount = tensor.dtype.byteCount(of: tensor.shape),
                !offset.addingReportingOverflow(byteCount).overflow
            else {
                throw SafetensorsError(
                    .sizeOverflow,
                    "tensor \(name): shape \(tensor.shape) has a negative dimension or more than "
                        + "2^63 bytes")
            }
            header[tensor.name] = [
                "dtype": .string(tensor.dtype.rawValue),
                "shape": .array(tensor.shape.map { .integer(Int64($0)) }),
                "data_offsets": [.integer(Int64(offset)), .integer(Int64(offset + byteCount))],
            ]
            offset += byteCount
        }
        var text = JSONValue.object(header).serialized()
        text.append(contentsOf: repeatElement(0x20, count: (8 - text.count % 8) % 8))
        return withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) } + text
    }
}
