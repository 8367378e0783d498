import MartletFiles

/// NumPy's `.npy`, version 1.0: a magic number, a Python dictionary, the elements.
enum NumPyFile {
    /// Writes a float32 array, row-major.
    static func write(
        _ values: UnsafeBufferPointer<Float>, shape: [Int], to path: String
    ) throws {
        let extents = shape.map { "\($0)," }.joined(separator: " ")
        var header = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(extents)), }"
        // Magic number, version, length and header together fill whole units of 64 bytes.
        let prefixByteCount = 10
        let unpadded = prefixByteCount + header.utf8.count + 1
        header += String(repeating: " ", count: (64 - unpadded % 64) % 64) + "\n"
        let length = UInt16(header.utf8.count)
        var bytes: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0]
        bytes += [UInt8(length & 0xFF), UInt8(length >> 8)] + Array(header.utf8)
        for value in values {
            withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
        }
        try AtomicFile.write(bytes, to: path)
    }
}
