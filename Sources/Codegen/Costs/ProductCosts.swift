import Foundation

/// A matrix product as its cost is looked up: bounds of its extents, and which operands lie
/// transposed in memory.
package struct ProductShape: Hashable, Sendable {
    package var rows: Int
    package var columns: Int
    package var depth: Int
    package var leftIsTransposed: Bool
    package var rightIsTransposed: Bool

    package init(
        rows: Int, columns: Int, depth: Int, leftIsTransposed: Bool = false,
        rightIsTransposed: Bool = false
    ) {
        self.rows = rows
        self.columns = columns
        self.depth = depth
        self.leftIsTransposed = leftIsTransposed
        self.rightIsTransposed = rightIsTransposed
    }

    /// How unlike two shapes are: the sum of the factors, as logarithms, between their extents; nil
    /// where they lie differently in memory.
    fileprivate func distance(to other: ProductShape) -> Double? {
        guard leftIsTransposed == other.leftIsTransposed,
            rightIsTransposed == other.rightIsTransposed
        else { return nil }
        func factor(_ a: Int, _ b: Int) -> Double {
            abs(log(Double(max(a, 1))) - log(Double(max(b, 1))))
        }
        return factor(rows, other.rows) + factor(columns, other.columns)
            + factor(depth, other.depth)
    }
}

/// What matrix products cost on one processor, by generated code and by OpenBLAS: what a plan
/// chooses by.
package struct ProductCosts: Hashable, Sendable {
    package struct Entry: Hashable, Sendable {
        package var shape: ProductShape
        /// One thread, the shortest of several runs.
        package var generatedNanoseconds: Int
        package var libraryNanoseconds: Int

        package init(_ shape: ProductShape, generatedNanoseconds: Int, libraryNanoseconds: Int) {
            self.shape = shape
            self.generatedNanoseconds = generatedNanoseconds
            self.libraryNanoseconds = libraryNanoseconds
        }
    }

    package var entries: [Entry]
    /// The choice where there are no entries.
    package var prefersLibraryUnmeasured: Bool

    package init(entries: [Entry], prefersLibraryUnmeasured: Bool = false) {
        self.entries = entries
        self.prefersLibraryUnmeasured = prefersLibraryUnmeasured
    }

    /// What holds without a calibration: generated code, which was faster at every shape measured
    /// (`docs/codegen.md`), but not where a fused multiply-add is a call into the C library.
    package static func builtIn(_ isa: VectorISA) -> ProductCosts {
        ProductCosts(entries: [], prefersLibraryUnmeasured: isa.lanes <= 4)
    }

    /// By how much the library has to be faster to be taken: neighbours in a plan share its caches
    /// with generated code, and measurements vary.
    private static let margin = 0.9

    /// Whether OpenBLAS is faster, as far as the nearest shape measured tells.
    package func prefersLibrary(_ shape: ProductShape) -> Bool {
        let near = entries.compactMap { entry in
            shape.distance(to: entry.shape).map { (entry, $0) }
        }.min { $0.1 < $1.1 }
        guard let (entry, _) = near else { return prefersLibraryUnmeasured }
        return Double(entry.libraryNanoseconds)
            < Self.margin * Double(entry.generatedNanoseconds)
    }
}

// MARK: Text

extension ProductCosts {
    /// One line an entry: rows, columns, depth, `n` or `t` for each operand, nanoseconds by
    /// generated code and by the library.
    ///
    /// - Parameter header: the first line.
    package func text(header: String) -> String {
        let lines = entries.map { entry in
            let shape = entry.shape
            let layout =
                (shape.leftIsTransposed ? "t" : "n") + (shape.rightIsTransposed ? "t" : "n")
            return "\(shape.rows) \(shape.columns) \(shape.depth) \(layout) "
                + "\(entry.generatedNanoseconds) \(entry.libraryNanoseconds)"
        }
        return ([header] + lines).joined(separator: "\n") + "\n"
    }

    /// Reads what `text(header:)` wrote.
    ///
    /// - Throws: `CodegenError` for another header, naming the line for anything else.
    package init(text: String, header: String) throws {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: true)
        guard let first = lines.first, first == header else {
            throw CodegenError("these costs were measured elsewhere: expected \"\(header)\"")
        }
        entries = try lines.enumerated().dropFirst().map { number, line in
            let fields = line.split(separator: " ")
            let numbers = fields.compactMap { Int($0) }
            guard fields.count == 6, numbers.count == 5, numbers.allSatisfy({ $0 > 0 }),
                ["nn", "nt", "tn", "tt"].contains(fields[3])
            else { throw CodegenError("line \(number + 1): \"\(line)\" is no measurement") }
            let shape = ProductShape(
                rows: numbers[0], columns: numbers[1], depth: numbers[2],
                leftIsTransposed: fields[3].first == "t",
                rightIsTransposed: fields[3].last == "t")
            return Entry(
                shape, generatedNanoseconds: numbers[3], libraryNanoseconds: numbers[4])
        }
        guard !entries.isEmpty else { throw CodegenError("there is no measurement in it") }
        prefersLibraryUnmeasured = false
    }
}
