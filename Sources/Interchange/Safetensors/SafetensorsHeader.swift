import MartletJSON

/// The table at the head of a safetensors file.
///
/// Layout of the file: 8 bytes, the little-endian length of the header; the header, a JSON
/// object from tensor names to `{"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}` and
/// optionally `__metadata__`, an object of strings; the tensors' bytes, row-major, without gaps.
public struct SafetensorsHeader: Sendable {
    public struct Tensor: Sendable, Hashable {
        public let name: String
        public let dtype: TensorFileDType
        public let shape: [Int]
        /// Where its bytes are, counted from the end of the header.
        public let byteRange: Range<Int>

        public var elementCount: Int { byteRange.count / dtype.byteCount }
    }

    /// Bounds on what is accepted from an untrusted file.
    public struct Limits: Sendable {
        /// The reference implementation's limit.
        public var headerByteCount: Int
        public var metadataByteCount: Int

        public init(headerByteCount: Int = 100_000_000, metadataByteCount: Int = 4 << 20) {
            self.headerByteCount = headerByteCount
            self.metadataByteCount = metadataByteCount
        }
    }

    /// In the order of the header.
    public let tensors: [Tensor]
    /// In the order of the header.
    public let metadata: [(key: String, value: String)]
    /// Where the tensors' bytes begin in the file.
    public let dataOffset: Int
    private let index: ByteKeyIndex

    /// Bytes of the length field in front of the header.
    static let lengthByteCount = 8

    init(
        tensors: [Tensor], metadata: [(key: String, value: String)], index: ByteKeyIndex,
        dataOffset: Int
    ) {
        self.tensors = tensors
        self.metadata = metadata
        self.index = index
        self.dataOffset = dataOffset
    }

    /// The tensor of this name; names are compared by bytes.
    public subscript(name: String) -> Tensor? {
        index.find(hash: byteHash(of: name)) { haveSameBytes(tensors[$0].name, name) }
            .map { tensors[$0] }
    }

    /// Reads and checks the header of a whole file in memory.
    public init(
        parsingFile bytes: UnsafeRawBufferPointer, limits: Limits = Limits()
    ) throws(SafetensorsError) {
        let range = try Self.headerRange(
            lengthField: UnsafeRawBufferPointer(rebasing: bytes.prefix(Self.lengthByteCount)),
            fileByteCount: bytes.count, limits: limits)
        try self.init(
            parsing: UnsafeRawBufferPointer(rebasing: bytes[range]),
            dataByteCount: bytes.count - range.upperBound, limits: limits)
    }

    /// Where in the file the header is, given the first 8 bytes and the file's size.
    static func headerRange(
        lengthField: UnsafeRawBufferPointer, fileByteCount: Int, limits: Limits
    ) throws(SafetensorsError) -> Range<Int> {
        guard lengthField.count == lengthByteCount else {
            throw SafetensorsError(
                .fileTooShort,
                "the file has \(fileByteCount) bytes; a safetensors file begins with 8 bytes that "
                    + "give its header's length; download it again")
        }
        let length = UInt64(littleEndian: lengthField.loadUnaligned(as: UInt64.self))
        guard length <= UInt64(limits.headerByteCount) else {
            throw SafetensorsError(
                .headerTooLong,
                "the header claims \(length) bytes; the limit is \(limits.headerByteCount) (the "
                    + "file has \(fileByteCount) bytes); this is not a safetensors file")
        }
        guard Int(length) <= fileByteCount - lengthByteCount else {
            throw SafetensorsError(
                .headerBeyondFile,
                "the header claims \(length) bytes, but the file has \(fileByteCount); it was "
                    + "truncated or is not a safetensors file")
        }
        return lengthByteCount..<(lengthByteCount + Int(length))
    }

    /// Checks that the tensors fill the data without overlap and without holes.
    static func checkCoverage(
        of tensors: [Tensor], dataByteCount: Int
    ) throws(SafetensorsError) {
        func precedes(_ a: Tensor, _ b: Tensor) -> Bool {
            (a.byteRange.lowerBound, a.byteRange.upperBound)
                < (b.byteRange.lowerBound, b.byteRange.upperBound)
        }
        func name(_ tensor: Tensor?) -> String {
            tensor.map { "tensor \($0.name.quotedForMessage())" } ?? "the header"
        }
        let isSorted = zip(tensors, tensors.dropFirst()).allSatisfy { !precedes($1, $0) }
        var last: Tensor?
        for tensor in isSorted ? tensors : tensors.sorted(by: precedes) {
            let expected = last?.byteRange.upperBound ?? 0
            let begin = tensor.byteRange.lowerBound
            if begin < expected {
                throw SafetensorsError(
                    .overlap,
                    "\(name(last)) and \(name(tensor)) overlap: one ends at data byte \(expected), the other begins at \(begin)"
                )
            }
            if begin > expected {
                throw SafetensorsError(
                    .hole,
                    "data bytes \(expected)..<\(begin) between \(name(last)) and \(name(tensor)) "
                        + "belong to no tensor")
            }
            last = tensor
        }
        let end = last?.byteRange.upperBound ?? 0
        guard end == dataByteCount else {
            throw SafetensorsError(
                .trailingBytes,
                "\(dataByteCount - end) bytes after \(name(last)) belong to no tensor")
        }
    }
}
