#if LLVM
    import GraphTestSupport
    import MartletCodegen
    import MartletIR
    import MartletPasses
    import MartletRuntime
    import PlanTestSupport
    import TestSupport
    import Testing

    /// Products of operands rounded to bfloat16, in whole plans: interpreted, compiled for this CPU
    /// and for one without bfloat16, against the reference's float64 sums of the rounded operands.
    struct BFloat16PlanTests {
        /// A product and the actual extents of its symbols.
        struct Product: Sendable, CustomTestStringConvertible {
            var label: String
            var left: Shape
            var right: Shape
            var op: DotGeneral
            var extents: [String: Int] = [:]
            var activation: BiasActivation.Activation?
            /// The right operand is a parameter, packed ahead.
            var hasWeight = false

            var testDescription: String { label }
        }

        private static let batch = Dimension(Symbol("batch", bound: 7))
        private static let tokens = Dimension(Symbol("tokens", bound: 5000))

        private static func dot(
            _ left: [Int], _ right: [Int], leftBatch: [Int] = [], rightBatch: [Int] = []
        ) -> DotGeneral {
            DotGeneral(
                leftBatch: leftBatch, rightBatch: rightBatch, leftContracting: left,
                rightContracting: right, operandPrecision: .bf16)
        }

        static let products: [Product] = [
            Product(
                label: "x · w, odd depth", left: [batch, 3, 33], right: [33, 70],
                op: dot([2], [0]), extents: ["batch": 5]),
            Product(
                label: "x · w, even depth", left: [13, 64], right: [64, 64], op: dot([1], [0])),
            Product(
                label: "x · a weight", left: [batch, 3, 33], right: [33, 70],
                op: dot([2], [0]), extents: ["batch": 5], hasWeight: true),
            Product(
                label: "many rows of x · a weight transposed", left: [tokens, 33], right: [70, 33],
                op: dot([1], [1]), extents: ["tokens": 397], hasWeight: true),
            Product(
                label: "dy · wᵀ", left: [batch, 19], right: [45, 19], op: dot([1], [1]),
                extents: ["batch": 7]),
            Product(
                label: "xᵀ · dy over an odd batch", left: [batch, 21], right: [batch, 37],
                op: dot([0], [0]), extents: ["batch": 5]),
            Product(
                label: "xᵀ · dy in chunks", left: [tokens, 9], right: [tokens, 33],
                op: dot([0], [0]), extents: ["tokens": 4099]),
            Product(
                label: "no rows at all", left: [batch, 4], right: [4, 3], op: dot([1], [0]),
                extents: ["batch": 0]),
            Product(
                label: "a batch of products", left: [batch, 5, 6], right: [batch, 6, 7],
                op: dot([2], [1], leftBatch: [0], rightBatch: [0]), extents: ["batch": 3]),
            Product(
                label: "bias and gelu", left: [batch, 17], right: [17, 35], op: dot([1], [0]),
                extents: ["batch": 6], activation: .gelu),
        ]

        private func graph(_ product: Product) throws -> Graph {
            let b = GraphBuilder()
            func input(
                _ name: String, _ shape: Shape, role: Input.Role = .data
            ) throws -> MartletIR.Value {
                try b.append(.input(Input(name, role: role, type: TensorType(.f32, shape))))
            }
            var y = try b.append(
                .dotGeneral(product.op), input("left", product.left),
                input("right", product.right, role: product.hasWeight ? .parameter : .data))
            if let activation = product.activation {
                let columns = b.type(of: y).shape.dimensions.suffix(1)
                y = try b.append(
                    .biasActivation(BiasActivation(activation)), y,
                    input("bias", Shape(Array(columns))))
            }
            b.output("y", y)
            return try b.build()
        }

        private func inputs(_ graph: Graph, _ extents: [String: Int]) throws -> [String:
            ReferenceTensor]
        {
            let extents = SymbolExtents(extents)
            var inputs: [String: ReferenceTensor] = [:]
            for (stream, node) in graph.inputs.enumerated() {
                let input = try #require(graph.input(at: node))
                let shape = try #require(input.type.shape.evaluated { extents($0) })
                let source = RandomSource(seed: 5, stream: UInt64(stream))
                let elements = (0..<shape.reduce(1, *)).map {
                    Double(Float(2 * source.uniformDouble(at: UInt64($0)) - 1))
                }
                inputs[input.inputName] = ReferenceTensor(.f32, shape: shape, elements: elements)
            }
            return inputs
        }

        @Test(arguments: products, ["interpreted", "x86-64-v3", "native"])
        func productsAgreeWithReference(_ product: Product, backend: String) throws {
            let graph = try graph(product)
            let inputs = try inputs(graph, product.extents)
            let expected = try ReferenceInterpreter(
                precision: .float64, extents: SymbolExtents(product.extents)
            ).run(graph, inputs)
            let left = try #require(inputs["left"])
            let depth = product.op.leftContracting.map { left.shape[$0] }.reduce(1, *)
            // The operands are the same numbers: only float32 sums differ.
            let tolerance = Tolerance(
                relative: 2e-5, absolute: 4e-6 * Double(max(depth, 1)).squareRoot())
            let pool = try ThreadPool(threadCount: 2)
            let actual = try PlanRunner(graph, inputs, extents: product.extents, pool: pool) {
                guard backend != "interpreted" else { return InterpretedBinder() }
                let session = try CodegenSession(target: CPUTarget.named(backend))
                return try CompiledBinder($0, session: session)
            }.run()
            for (name, tensor) in expected {
                let received = try #require(actual[name])
                let problem = mismatch(
                    received.elements, tensor.elements, shape: tensor.shape,
                    tolerance: tolerance)
                #expect(problem == nil, "\(problem ?? "")")
            }
        }

        /// Else the test above would show less than it says.
        @Test(arguments: products)
        func kernelsAreThoseOfTheCPU(_ product: Product) throws {
            let plan = try Plan(graph(product))
            func kernels(_ isa: VectorISA) throws -> [String] {
                let target = CPUTarget(name: "x86-64-v4", features: "", isa: isa)
                return try PlanCode(plan, target: target).kernels
                    .compactMap { $0.function?.name }
            }
            #expect(try kernels(.avx512BFloat16) == ["matmul"])
            let rounding = ["roundToBFloat16", "roundToBFloat16", "matmul"]
            #expect(try kernels(.avx512) == rounding)
        }

        @Test func roundingIsWhatMakesTheDifference() throws {
            var product = Self.products[0]
            let rounded = try graph(product)
            product.op.operandPrecision = .full
            let full = try graph(product)
            let inputs = try inputs(full, product.extents)
            let interpreter = ReferenceInterpreter(extents: SymbolExtents(product.extents))
            let (a, b) = try (interpreter.run(rounded, inputs), interpreter.run(full, inputs))
            #expect(a["y"] != b["y"])
        }

        /// Attention and its gradient, odd sizes, masked keys and dropout.
        @Test(
            arguments: ["interpreted", "x86-64-v3", "native"], [(5, 9, 7, 6), (33, 33, 16, 16)])
        func attentionAgreesWithReference(
            _ backend: String, _ shape: (queries: Int, keys: Int, size: Int, valueSize: Int)
        ) throws {
            let graph = try attentionGraph(shape, rate: 0.1)
            let pool = try ThreadPool(threadCount: 2)
            let extents = ["batch": 3]
            var inputs = try inputs(graph, extents)
            inputs["mask"] = ReferenceTensor(
                .bool, shape: [3, 1, 1, shape.keys],
                elements: (0..<3 * shape.keys).map { $0 % 5 == 2 ? 0 : 1 })
            inputs["seed"] = ReferenceTensor(.i64, shape: [], elements: [4])
            inputs["step"] = ReferenceTensor(.i64, shape: [], elements: [2])
            let expected = try ReferenceInterpreter(
                precision: .float64, extents: SymbolExtents(extents)
            ).run(graph, inputs)
            let actual = try PlanRunner(graph, inputs, extents: extents, pool: pool) {
                guard backend != "interpreted" else { return InterpretedBinder() }
                let session = try CodegenSession(target: CPUTarget.named(backend))
                return try CompiledBinder($0, session: session)
            }.run()
            for (name, tensor) in expected {
                let received = try #require(actual[name])
                let largest = tensor.elements.map(abs).max() ?? 0
                // Probabilities and slopes are rounded to 2⁻⁹ of each.
                let problem = mismatch(
                    received.elements, tensor.elements, shape: tensor.shape,
                    tolerance: Tolerance(relative: 0, absolute: 0.008 * largest))
                #expect(problem == nil, "\(name): \(problem ?? "")")
            }
        }

        private func attentionGraph(
            _ shape: (queries: Int, keys: Int, size: Int, valueSize: Int), rate: Double
        ) throws -> Graph {
            let b = GraphBuilder()
            func input(
                _ name: String, _ shape: Shape, _ dtype: DType = .f32, role: Input.Role = .data
            ) throws -> MartletIR.Value {
                try b.append(.input(Input(name, role: role, type: TensorType(dtype, shape))))
            }
            let op = Attention(
                scale: 0.4, hasMask: true, rate: rate, operandPrecision: .bf16)
            let q = try input(
                "q", [Self.batch, Dimension(shape.queries), 2, Dimension(shape.size)])
            let k = try input("k", [Self.batch, Dimension(shape.keys), 2, Dimension(shape.size)])
            let v = try input(
                "v", [Self.batch, Dimension(shape.keys), 2, Dimension(shape.valueSize)])
            let rest = try [
                input("mask", [Self.batch, 1, 1, Dimension(shape.keys)], .bool),
                input("seed", .scalar, .i64, role: .seed),
                input("step", .scalar, .i64, role: .step),
            ]
            let results = try b.append(.attention(op), [q, k, v] + rest)
            b.output("output", results[0])
            let doutput = try input(
                "doutput", [Self.batch, Dimension(shape.queries), 2, Dimension(shape.valueSize)])
            let gradients = try b.append(
                .attentionGradient(AttentionGradient(op)),
                [doutput, q, k, v, results[0], results[1]] + rest)
            for (name, gradient) in zip(["dq", "dk", "dv"], gradients) {
                b.output(name, gradient)
            }
            return try b.build()
        }

        /// Sums that differ by a float32 rounding may fall on two sides of a bfloat16 one, 2⁻⁸
        /// apart, and go on from there. Every tenth graph for a CPU without bfloat16 too, every
        /// eighth to the same bits on 1, 2 and 4 threads.
        @Test(arguments: 0..<4) func randomGraphsAgreeWithInterpreted(_ part: Int) throws {
            let pools = try [2, 1, 4].map { try ThreadPool(threadCount: $0) }
            let native = try CodegenSession(compileThreadCount: 1)
            let avx2 = try CodegenSession(
                target: CPUTarget.named("x86-64-v3"), compileThreadCount: 1)
            for seed in UInt64(25 * part)..<UInt64(25 * part + 25) {
                let random = try RandomGraph(seed: seed)
                let updates = RandomUpdates(seed: seed)
                let graph = try PassPipeline.training(
                    optimizer: updates, policy: .mixedBFloat16, verifies: true
                ).run(random.graph)
                let slots = RandomUpdates.slotInputs(of: graph, seed: seed)
                let inputs = random.inputs.merging(slots) { first, _ in first }
                func run(
                    _ pool: ThreadPool, _ session: CodegenSession?
                ) throws -> [String: ReferenceTensor] {
                    try PlanRunner(graph, inputs, extents: random.extents, pool: pool) { plan in
                        guard let session else { return InterpretedBinder() }
                        return try CompiledBinder(plan, session: session)
                    }.run()
                }
                let expected = try run(pools[0], nil)
                let actual = try run(pools[0], native)
                expectAgreement(actual, expected, seed: seed)
                if seed % 10 == 1 {
                    expectAgreement(try run(pools[1], avx2), expected, seed: seed)
                }
                guard seed % 8 == 0 else { continue }
                for pool in pools.dropFirst() {
                    let other = try run(pool, native)
                    for (name, tensor) in actual {
                        #expect(
                            other[name]?.elements.map(\.bitPattern)
                                == tensor.elements.map(\.bitPattern),
                            "seed \(seed), \(name), \(pool.threadCount) threads")
                    }
                }
            }
        }

        private func expectAgreement(
            _ actual: [String: ReferenceTensor], _ expected: [String: ReferenceTensor],
            seed: UInt64
        ) {
            for (name, tensor) in expected {
                guard let received = actual[name] else {
                    Issue.record("seed \(seed): \(name) is missing")
                    continue
                }
                let largest = tensor.elements.lazy.filter(\.isFinite).map(abs).max() ?? 0
                let problem = mismatch(
                    received.elements, tensor.elements, shape: tensor.shape,
                    tolerance: Tolerance(relative: 0.02, absolute: 0.02 * max(largest, 1)))
                #expect(problem == nil, "seed \(seed), \(name): \(problem ?? "")")
            }
        }
    }
#endif
