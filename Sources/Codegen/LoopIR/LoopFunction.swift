/// A buffer argument of a kernel.
package struct BufferArgument: Hashable, Sendable {
    package var name: String
    package var element: ScalarType
    package var isWritten: Bool
}

/// Memory private to one running call, at a fixed offset in the arena the caller hands over.
package struct ScratchArray: Hashable, Sendable {
    package var name: String
    package var element: ScalarType
    package var count: Int
    package var byteOffset: Int

    package var byteCount: Int { count * element.byteCount }
}

/// A size known when the kernel is made, or a scalar argument with an upper bound.
package enum Extent: Hashable, Sendable, CustomStringConvertible {
    case constant(Int)
    case parameter(String, atMost: Int)

    /// The size memory must be planned for.
    package var bound: Int {
        switch self {
        case .constant(let value): value
        case .parameter(_, let bound): bound
        }
    }

    package var description: String {
        switch self {
        case .constant(let value): "\(value)"
        case .parameter(let name, let bound): "\(name)<=\(bound)"
        }
    }
}

extension Extent: ExpressibleByIntegerLiteral {
    package init(integerLiteral value: Int) { self = .constant(value) }
}

/// One factor of a kernel's part count: `⌈extent / blockSize⌉`.
package struct PartAxis: Hashable, Sendable {
    package var extent: Extent
    package var blockSize: Int

    package init(_ extent: Extent, blockSize: Int = 1) {
        self.extent = extent
        self.blockSize = blockSize
    }
}

/// A kernel: code over a table of buffers, a table of `int64` scalars, a scratch arena and a part
/// index. The parts of one kernel are independent; how many there are follows from the sizes alone,
/// never from the number of threads.
///
/// Machine signature: `void kernel(void **buffers, const int64_t *parameters, int64_t part, void
/// *scratch)`.
package struct LoopFunction: Hashable, Sendable {
    package var name: String
    package var buffers: [BufferArgument]
    package var parameters: [String]
    package var scratch: [ScratchArray]
    /// The first axis varies slowest.
    package var partAxes: [PartAxis]
    package var types: [ValueType]
    package var body: [Instruction]

    /// Alignment the scratch arena must have.
    package static let scratchAlignment = 64

    package var scratchByteCount: Int {
        scratch.map { $0.byteOffset + $0.byteCount }.max() ?? 0
    }

    package func type(of value: ValueID) -> ValueType { types[value.number] }

    package func element(of memory: Memory) -> ScalarType {
        switch memory {
        case .buffer(let index): buffers[index].element
        case .scratch(let index): scratch[index].element
        }
    }

    /// How many parts a call with these scalar arguments has.
    package func partCount(parameters values: [Int64]) -> Int {
        partAxes.reduce(1) { count, axis in
            let extent: Int
            switch axis.extent {
            case .constant(let value): extent = value
            case .parameter(let name, _):
                extent = parameters.firstIndex(of: name).map { Int(values[$0]) } ?? 0
            }
            return count * ((extent + axis.blockSize - 1) / axis.blockSize)
        }
    }

    /// Two functions with equal keys compute the same thing: everything but the name.
    package var structuralKey: LoopFunction {
        var copy = self
        copy.name = ""
        return copy
    }
}
