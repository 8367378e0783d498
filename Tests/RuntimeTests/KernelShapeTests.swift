import Foundation
import MartletIR
import MartletRuntime
import Testing

@Suite struct KernelShapeTests {
    static func strides(_ shape: [Int]) -> [Int] {
        shape.indices.map { shape[($0 + 1)...].reduce(1, *) }
    }

    /// Runs every part, last first.
    static func copy(
        _ dtype: DType, extents: [Int], from x: TypedBuffer, source: [Int], into y: TypedBuffer,
        destination: [Int], sourceStart: Int = 0, destinationStart: Int = 0
    ) {
        let copy = StridedCopy(dtype, extents: extents, source: source, destination: destination)
        for part in (0..<copy.partCount).reversed() {
            copy.run(
                part: part, x.pointer + sourceStart * dtype.byteCount,
                y.pointer + destinationStart * dtype.byteCount)
        }
    }

    static func counted(_ dtype: DType, _ shape: [Int]) -> TypedBuffer {
        let count = shape.reduce(1, *)
        return TypedBuffer(dtype, (0..<count).map { Double(dtype == .bool ? $0 % 2 : $0 % 120) })
    }

    @Test(
        arguments: [
            ([3, 5], [1, 0]), ([70, 45], [1, 0]), ([2, 3, 4, 5], [0, 2, 1, 3]),
            ([2, 33, 40, 5], [3, 1, 0, 2]), ([1, 1], [1, 0]), ([0, 4], [1, 0]), ([7], [0]),
            ([2, 3, 4], [2, 0, 1]), ([300, 200], [1, 0]), ([], []),
        ] as [([Int], [Int])], [DType.f32, .i64, .u8, .bf16])
    func transposesMatchTheReference(shape: ([Int], [Int]), dtype: DType) throws {
        let (from, permutation) = shape
        let x = Self.counted(dtype, from)
        let to = permutation.map { from[$0] }
        let expected = try Transpose(permutation).evaluate(
            [x.reference(from)], resultTypes: [TensorType(dtype, Shape(to))],
            extents: SymbolExtents())[0]
        let y = TypedBuffer(dtype, count: x.count)
        Self.copy(
            dtype, extents: to, from: x, source: permutation.map { Self.strides(from)[$0] },
            into: y, destination: Self.strides(to))
        #expect(y.doubles == expected.elements)
        #expect(y.guardHolds)
    }

    @Test(
        arguments: [
            ([3], [2, 3], [1]), ([3], [3, 5], [0]), ([1, 4], [6, 4], [0, 1]), ([], [7, 3], []),
            ([2, 1, 3], [2, 4, 5, 3], [0, 1, 3]), ([40], [100, 40, 30], [1]), ([3], [0, 3], [1]),
        ] as [([Int], [Int], [Int])])
    func broadcastsMatchTheReference(shape: ([Int], [Int], [Int])) throws {
        let (from, to, dimensions) = shape
        let x = Self.counted(.f32, from)
        let expected = try BroadcastInDim(shape: Shape(to), dimensions: dimensions).evaluate(
            [x.reference(from)], resultTypes: [TensorType(.f32, Shape(to))],
            extents: SymbolExtents())[0]
        var source = [Int](repeating: 0, count: to.count)
        for (axis, target) in dimensions.enumerated() where from[axis] != 1 {
            source[target] = Self.strides(from)[axis]
        }
        let y = TypedBuffer(.f32, count: to.reduce(1, *))
        Self.copy(
            .f32, extents: to, from: x, source: source, into: y, destination: Self.strides(to))
        #expect(y.doubles == expected.elements)
        #expect(y.guardHolds)
    }

    @Test func slicesPaddingsAndConcatenationsAreStridedCopies() throws {
        let x = Self.counted(.i32, [6, 7])
        let slice = Slice(starts: [1, 2], limits: [6, 7], strides: [2, 3])
        let sliced = try slice.evaluate(
            [x.reference([6, 7])], resultTypes: [TensorType(.i32, [3, 2])],
            extents: SymbolExtents())[0]
        let y = TypedBuffer(.i32, count: 6)
        Self.copy(
            .i32, extents: [3, 2], from: x, source: [14, 3], into: y, destination: [2, 1],
            sourceStart: 9)
        #expect(y.doubles == sliced.elements)

        let pad = Pad(low: [1, 0], high: [0, 2], interior: [1, 2])
        let shape = [12, 21]
        let padded = try pad.evaluate(
            [x.reference([6, 7]), ReferenceTensor(.i32, shape: [], elements: [-5])],
            resultTypes: [TensorType(.i32, Shape(shape))], extents: SymbolExtents())[0]
        let frame = TypedBuffer(.i32, count: 12 * 21)
        var value: Int32 = -5
        FillKernel.fill(.i32, with: &value, frame.pointer, count: frame.count)
        Self.copy(
            .i32, extents: [6, 7], from: x, source: [7, 1], into: frame, destination: [42, 3],
            destinationStart: 21)
        #expect(frame.doubles == padded.elements)

        let joined = TypedBuffer(.i32, count: 6 * 9)
        Self.copy(
            .i32, extents: [6, 7], from: x, source: [7, 1], into: joined, destination: [9, 1])
        Self.copy(
            .i32, extents: [6, 2], from: x, source: [7, -1], into: joined, destination: [9, 1],
            sourceStart: 6, destinationStart: 7)
        for row in 0..<6 {
            let line = Array(x.doubles[row * 7..<row * 7 + 7])
            let expected = line + [line[6], line[5]]
            #expect(Array(joined.doubles[row * 9..<row * 9 + 9]) == expected)
        }
        #expect(y.guardHolds && frame.guardHolds && joined.guardHolds)
    }

    static let reductions: [([Int], [Int])] = [
        ([5], [0]), ([5], []), ([0], [0]), ([3, 0], [1]), ([0, 3], [1]), ([3, 7], [0]),
        ([3, 7], [1]), ([3, 7], [0, 1]), ([2, 3, 4], [1]), ([2, 3, 4], [0, 2]),
        ([4, 5, 6, 7], [0, 2]), ([4, 5, 6, 7], [1, 3]), ([9000], [0]), ([130, 70], [0]), ([], []),
        ([1, 5, 1], [0, 1]),
    ]

    @Test(arguments: Reduce.Kind.allCases, DType.allCases)
    func reductionsMatchTheReference(kind: Reduce.Kind, dtype: DType) throws {
        for (shape, axes) in Self.reductions {
            let type = TensorType(dtype, Shape(shape))
            let reduce = Reduce(kind, axes: axes)
            guard let result = try? reduce.resultTypes([type])[0] else { continue }
            guard let kernel = ReduceKernel(kind, dtype, extents: shape, axes: axes) else {
                #expect(dtype == .bf16 || dtype == .f16)
                continue
            }
            // The reference's Int64 ends where Doubles stop being exact.
            let isEmpty = shape.contains(0)
            if isEmpty && dtype == .i64 && (kind == .max || kind == .min) { continue }
            var sampler = Sampler(4)
            let values = (0..<shape.reduce(1, *)).map { index -> Double in
                let value = Double(sampler.float(kind == .product ? 0.99...1.01 : -1...1))
                switch dtype {
                case .bool: return value > -0.9 ? 1 : 0
                case .u8: return kind == .product ? 1 : index % 50 == 0 ? 1 : 0
                case .i8, .i32, .i64: return kind == .product ? 1 : (value * 1.4).rounded()
                case .f32, .f64, .bf16, .f16: return value
                }
            }
            let x = TypedBuffer(dtype, dtype == .i8 ? values.map { $0 / 2 } : values)
            let expected = try reduce.evaluate(
                [x.reference(shape)], resultTypes: [result], extents: SymbolExtents())[0]
            let y = TypedBuffer(dtype, count: expected.elements.count)
            Self.run(kernel, x, y)
            #expect(agree(y.doubles, expected.elements, within: 1e-4), "\(shape) \(axes)")
            #expect(y.guardHolds)
        }
    }

    static func run(_ kernel: ReduceKernel, _ x: TypedBuffer, _ y: TypedBuffer) {
        let scratch = TypedBuffer(.u8, count: kernel.scratchByteCount)
        for part in (0..<kernel.partCount).reversed() {
            kernel.run(part: part, x.pointer, into: y.pointer, scratch: scratch.pointer)
        }
        for part in 0..<kernel.combineParts.count {
            kernel.combine(part: part, scratch: scratch.pointer, into: y.pointer)
        }
        #expect(scratch.guardHolds)
    }

    @Test(
        arguments: [
            ([200_000], [0]), ([70_001, 3], [0]), ([2, 90_000], [1]), ([100, 3, 999], [0, 2]),
        ] as [([Int], [Int])])
    func longReductionsAreCutIntoChunks(shape: ([Int], [Int])) throws {
        let (extents, axes) = shape
        var sampler = Sampler(5)
        let x = TypedBuffer(.f32, (0..<extents.reduce(1, *)).map { _ in Double(sampler.float()) })
        let kernel = try #require(ReduceKernel(.sum, .f32, extents: extents, axes: axes))
        #expect(kernel.isChunked)
        let result = try Reduce(.sum, axes: axes).resultTypes([TensorType(.f32, Shape(extents))])
        let expected = try Reduce(.sum, axes: axes).evaluate(
            [x.reference(extents)], resultTypes: result, extents: SymbolExtents())[0]
        let y = TypedBuffer(.f32, count: kernel.resultCount)
        Self.run(kernel, x, y)
        #expect(agree(y.doubles, expected.elements, within: 1e-4))
        #expect(y.guardHolds)
    }

    @Test func notANumberWinsMaximaAndMinima() throws {
        for kind in [Reduce.Kind.max, .min] {
            for position in [0, 3, 7, 8, 18] {
                var values = [Double](repeating: 1, count: 19)
                values[position] = .nan
                for shape in [[19], [1, 19], [19, 1]] {
                    let kernel = try #require(
                        ReduceKernel(kind, .f32, extents: shape, axes: Array(shape.indices)))
                    let y = TypedBuffer(.f32, count: 1)
                    Self.run(kernel, TypedBuffer(.f32, values), y)
                    #expect(y.doubles[0].isNaN)
                }
                let columns = try #require(
                    ReduceKernel(kind, .f32, extents: [19, 2], axes: [0]))
                let y = TypedBuffer(.f32, count: 2)
                Self.run(columns, TypedBuffer(.f32, values.flatMap { [$0, 2] }), y)
                #expect(y.doubles[0].isNaN && y.doubles[1] == 2)
            }
        }
    }

    @Test(arguments: DType.allCases)
    func argMaxMatchesTheReference(dtype: DType) throws {
        let shape = [3, 5, 4]
        let x = KernelElementTests.operand(dtype, 2, count: 60)
        for axis in 0..<3 {
            let operation = ArgMax(axis: axis)
            guard let result = try? operation.resultTypes([TensorType(dtype, Shape(shape))])
            else { continue }
            let expected = try operation.evaluate(
                [x.reference(shape)], resultTypes: result, extents: SymbolExtents())[0]
            let outer = shape[..<axis].reduce(1, *)
            let inner = shape[(axis + 1)...].reduce(1, *)
            let y = TypedBuffer(.i32, count: outer * inner)
            ArgMaxKernel.argMax(
                dtype, x.pointer, extent: shape[axis], inner: inner, rows: 0..<outer,
                out: y.pointer.assumingMemoryBound(to: Int32.self))
            #expect(y.doubles == expected.elements)
            #expect(y.guardHolds)
        }
    }
}
