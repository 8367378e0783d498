import MartletInterchange

/// Any bytes are refused or read, as a whole file, and as the header of a file whose length is
/// right; every tensor of what was read lies within the data.
func check(_ bytes: [UInt8]) {
    read(bytes)
    // The first byte says how much data follows; the rest is the header.
    guard let dataByteCount = bytes.first else { return }
    let header = bytes.dropFirst()
    var file: [UInt8] = []
    for shift in 0..<8 {
        file.append(UInt8(truncatingIfNeeded: UInt64(header.count) >> UInt64(8 * shift)))
    }
    file += header
    file += [UInt8](repeating: 1, count: Int(dataByteCount))
    read(file)
}

private func read(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { file in
        guard let header = try? SafetensorsHeader(parsingFile: file) else { return }
        for tensor in header.tensors {
            precondition(tensor.byteRange.lowerBound >= 0, "begins before the data")
            precondition(
                header.dataOffset + tensor.byteRange.upperBound <= file.count,
                "ends behind the file")
            precondition(header[tensor.name] == tensor, "is not found by its name")
        }
    }
}
