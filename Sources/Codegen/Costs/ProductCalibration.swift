#if LLVM
    import Glibc
    import MartletRuntime

    /// Measures matrix products by generated code and by OpenBLAS, one thread each, a few seconds in
    /// all.
    package enum ProductCalibration {
        /// Small and large, wide and narrow, each as it lies in a forward product, in the gradient
        /// of its input (right transposed) and of its weight (left transposed).
        package static let shapes: [ProductShape] = {
            var shapes: [ProductShape] = []
            for rows in [4, 64, 1024] {
                for columns in [8, 64, 512] {
                    for depth in [8, 64, 512] {
                        for (left, right) in [(false, false), (false, true), (true, false)] {
                            shapes.append(
                                ProductShape(
                                    rows: rows, columns: columns, depth: depth,
                                    leftIsTransposed: left, rightIsTransposed: right))
                        }
                    }
                }
            }
            return shapes
        }()

        package static func measure(
            _ session: CodegenSession, shapes: [ProductShape] = shapes
        ) throws -> ProductCosts {
            let functions = try shapes.map { try $0.matmul.lower(to: session.target.isa) }
            let kernels = try session.compile(functions)
            return ProductCosts(
                entries: zip(shapes, kernels).map { shape, kernel in
                    let tensors = Tensors(shape)
                    defer { tensors.deallocate() }
                    let generated = shortest { kernel.run(buffers: tensors.all) }
                    let library = shortest { tensors.runLibrary(shape) }
                    return ProductCosts.Entry(
                        shape, generatedNanoseconds: generated, libraryNanoseconds: library)
                })
        }

        /// Nanoseconds of the shortest run in about four milliseconds, two at least.
        private static func shortest(_ body: () -> Void) -> Int {
            body()
            var (best, total, count) = (Int.max, 0, 0)
            while count < 2 || (total < 4_000_000 && count < 200) {
                let start = now()
                body()
                let time = max(1, now() - start)
                best = min(best, time)
                total += time
                count += 1
            }
            return best
        }

        private static func now() -> Int {
            var time = timespec()
            clock_gettime(CLOCK_MONOTONIC, &time)
            return time.tv_sec * 1_000_000_000 + time.tv_nsec
        }

        /// Operands and result of a product, filled with small numbers.
        private struct Tensors {
            let left, right, result: UnsafeMutablePointer<Float>

            var all: [UnsafeMutableRawPointer?] {
                [left, right, result].map { UnsafeMutableRawPointer($0) }
            }

            init(_ shape: ProductShape) {
                func tensor(_ count: Int) -> UnsafeMutablePointer<Float> {
                    let memory = UnsafeMutableRawPointer.allocate(
                        byteCount: count * MemoryLayout<Float>.stride, alignment: 64)
                    let floats = memory.bindMemory(to: Float.self, capacity: count)
                    for index in 0..<count {
                        (floats + index).initialize(to: Float(index % 13) * 0.125 - 0.75)
                    }
                    return floats
                }
                left = tensor(shape.rows * shape.depth)
                right = tensor(shape.depth * shape.columns)
                result = tensor(shape.rows * shape.columns)
            }

            func deallocate() {
                for tensor in [left, right, result] { tensor.deallocate() }
            }

            func runLibrary(_ shape: ProductShape) {
                let kernel = MatmulKernel(
                    rows: shape.rows, columns: shape.columns, inner: shape.depth,
                    a: .init(
                        stride: shape.leftIsTransposed ? shape.rows : shape.depth,
                        isTransposed: shape.leftIsTransposed),
                    b: .init(
                        stride: shape.rightIsTransposed ? shape.depth : shape.columns,
                        isTransposed: shape.rightIsTransposed),
                    c: .init(stride: shape.columns), mayChunk: false)
                for part in 0..<kernel.partCount {
                    kernel.run(part: part, left, right, into: result, scratch: nil)
                }
            }
        }
    }

    extension ProductShape {
        /// The product of dense matrices that lie so.
        fileprivate var matmul: Matmul {
            Matmul(
                rows: .constant(rows), columns: columns, depth: .constant(depth),
                leftRowStride: leftIsTransposed ? 1 : depth,
                leftDepthStride: leftIsTransposed ? rows : 1,
                right: rightIsTransposed ? .columns(stride: depth) : .rows(stride: columns),
                outputRowStride: columns)
        }
    }
#endif
