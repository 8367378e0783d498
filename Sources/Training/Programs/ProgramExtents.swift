import MartletIR

/// The actual extents of a program's symbols: the number of rows, and the lengths of the inputs
/// filled in. Each combination is made once, so that a step allocates nothing.
struct ProgramExtents {
    static let batchName = "batch"

    /// An axis of an input whose extent is a symbol.
    private struct Axis {
        var input: Int
        var axis: Int
        /// Its place among the lengths.
        var symbol: Int
    }

    private var axes: [Axis] = []
    private var names: [String] = []
    /// One for each name.
    private var lengths: [Int] = []
    private var made: [(rowCount: Int, lengths: [Int], extents: SymbolExtents)] = []
    /// More combinations than this are forgotten.
    private static let limit = 256

    /// - Parameter types: of the data inputs, in their order.
    mutating func declare(_ types: [TensorType]) {
        for (input, type) in types.enumerated() {
            for (axis, dimension) in type.shape.dimensions.enumerated().dropFirst() {
                guard let symbol = dimension.symbol else { continue }
                if !names.contains(symbol.name) {
                    names.append(symbol.name)
                    lengths.append(symbol.bound)
                }
                guard let place = names.firstIndex(of: symbol.name) else { continue }
                axes.append(Axis(input: input, axis: axis, symbol: place))
            }
        }
    }

    mutating func setLengths(ofInput input: Int, _ array: DataArray) {
        for axis in axes where axis.input == input && axis.axis < array.shape.count {
            lengths[axis.symbol] = array.shape[axis.axis]
        }
    }

    mutating func current(rowCount: Int) -> SymbolExtents {
        for known in made where known.rowCount == rowCount && known.lengths == lengths {
            return known.extents
        }
        var extents = [Self.batchName: rowCount]
        for (name, length) in zip(names, lengths) { extents[name] = length }
        if made.count >= Self.limit { made.removeAll() }
        made.append((rowCount, lengths, SymbolExtents(extents)))
        return SymbolExtents(extents)
    }
}

extension Dimension {
    /// The symbol an extent is; nil for numbers and formulas.
    var symbol: Symbol? { symbols.first.flatMap { Dimension($0) == self ? $0 : nil } }
}

/// How long the rows of a batch are made.
package enum SequenceLength {
    /// The longest row's length, in steps of 8 where there may be many lengths: a program prepares
    /// for each that it meets.
    package static func filledUp(_ longest: Int, bound: Int) -> Int {
        bound <= 32 ? longest : min((longest + 7) / 8 * 8, bound)
    }
}
