#if LLVM
    import GraphTestSupport
    import MartletCodegen
    import MartletIR
    import MartletRuntime
    import PlanTestSupport
    import TestSupport
    import Testing

    /// Updates in place, of odd sizes: the interpreted plan against the reference, native code
    /// against the interpreted plan, the same bits on 1, 2 and 4 threads.
    struct OptimizerPlanTests {
        /// Operands of one update, with values of their own.
        private struct Update {
            let builder = GraphBuilder()
            var inputs: [String: ReferenceTensor] = [:]
            private var choice = SeededChoice(seed: 5, stream: 0)

            mutating func floats(
                _ name: String, _ shape: [Int], role: Input.Role = .slot,
                in range: ClosedRange<Double> = -1...1
            ) throws -> MartletIR.Value {
                let elements = (0..<shape.reduce(1, *)).map { _ in
                    Double(Float(choice.number(in: range)))
                }
                inputs[name] = ReferenceTensor(.f32, shape: shape, elements: elements)
                return try builder.append(
                    .input(Input(name, role: role, type: TensorType(.f32, Shape(shape)))))
            }

            /// Integers below a limit, and of a type that holds them.
            mutating func ids(_ shape: [Int], below limit: Int, _ dtype: DType) throws
                -> MartletIR.Value
            {
                let elements = (0..<shape.reduce(1, *)).map { _ in Double(choice.below(limit)) }
                inputs["ids"] = ReferenceTensor(dtype, shape: shape, elements: elements)
                return try builder.append(
                    .input(Input("ids", role: .data, type: TensorType(dtype, Shape(shape)))))
            }

            func graph(_ op: Op, _ operands: [MartletIR.Value], updating names: [String]) throws
                -> Graph
            {
                let results = try builder.append(op, operands)
                for (name, result) in zip(names, results) {
                    builder.output("new " + name, result, updates: name)
                }
                return try builder.build()
            }
        }

        private func check(_ graph: Graph, _ inputs: [String: ReferenceTensor]) throws {
            let reference = try ReferenceInterpreter(extents: SymbolExtents()).run(graph, inputs)
            var expected: [String: ReferenceTensor] = [:]
            for output in graph.outputs {
                let name = try #require(output.updates)
                expected["updated " + name] = reference[output.name]
            }
            func runner(
                _ pool: ThreadPool, _ binder: (Plan) throws -> any StepBinder
            ) throws -> PlanRunner {
                let runner = try PlanRunner(
                    graph, inputs, extents: [:], pool: pool, binder: binder)
                // All in place: no copies of the results.
                #expect(runner.plan.steps.count == 1, "\(runner.plan.steps.map(\.label))")
                return runner
            }
            try expectSameBitsOnAnyThreads(expected) { pool in
                try runner(pool) { _ in InterpretedBinder() }
            }
            for cpu in ["native", "x86-64-v3"] {
                let session = try CodegenSession(
                    target: CPUTarget.named(cpu), compileThreadCount: 1)
                try expectSameBitsOnAnyThreads(expected) { pool in
                    try runner(pool) { plan in
                        let binder = try CompiledBinder(plan, session: session)
                        let isWide = plan.inputs.contains { $0.input.type.dtype == .i64 }
                        #expect(binder.isCompiled(plan.steps[0]) != isWide)
                        return binder
                    }
                }
            }
        }

        struct Table: CustomTestStringConvertible, Sendable {
            var rowCount: Int
            var width: Int
            /// Rows looked up are below this.
            var usedRowCount: Int
            var idExtents: [Int]
            var dtype = DType.i32

            var testDescription: String { "\(rowCount)x\(width), ids \(idExtents) \(dtype)" }
        }

        @Test(
            arguments: [
                Table(rowCount: 1, width: 1, usedRowCount: 1, idExtents: [1]),
                Table(rowCount: 7, width: 3, usedRowCount: 2, idExtents: [40]),
                Table(rowCount: 1500, width: 33, usedRowCount: 1500, idExtents: [5, 61]),
                Table(rowCount: 41, width: 130, usedRowCount: 41, idExtents: [97]),
                Table(rowCount: 5, width: 16, usedRowCount: 5, idExtents: [0]),
                Table(rowCount: 19, width: 8, usedRowCount: 19, idExtents: [2, 3, 5], dtype: .i64),
            ], [false, true])
        func lookups(_ table: Table, countedApart: Bool) throws {
            var update = Update()
            let shape = [table.rowCount, table.width]
            let op = EmbeddingAdamUpdate(
                beta1: 0.9, beta2: 0.99, countsLookupsApart: countedApart, hasDecay: countedApart)
            let operands = try [
                update.floats("w", shape, role: .parameter),
                update.ids(table.idExtents, below: table.usedRowCount, table.dtype),
                update.floats("dy", table.idExtents + [table.width], role: .data),
                update.floats("m", shape), update.floats("v", shape, in: 0...1),
                update.floats("step size", []), update.floats("epsilon", [], in: 0.1...1),
            ]
            let decay = try countedApart ? [update.floats("decay", [], in: 0...0.1)] : []
            let graph = try update.graph(
                .embeddingAdamUpdate(op), operands + decay, updating: ["w", "m", "v"])
            try check(graph, update.inputs)
        }

        @Test(
            arguments: [(false, false), (false, true), (true, false), (true, true)],
            [1, 67, 16_411])
        func adam(_ kind: (hasSquares: Bool, hasScale: Bool), count: Int) throws {
            var update = Update()
            let op = AdamUpdate(
                beta1: 0.9, beta2: 0.99, hasDecay: kind.hasScale, hasScale: kind.hasScale,
                hasSquares: kind.hasSquares)
            var operands = try [
                update.floats("w", [count], role: .parameter), update.floats("g", [count]),
                update.floats("m", [count]), update.floats("v", [count], in: 0...1),
                update.floats("step size", []), update.floats("epsilon", [], in: 0.1...1),
            ]
            if kind.hasSquares { operands.append(try update.floats("s", [count], in: 0...1)) }
            if kind.hasScale {
                operands.append(try update.floats("scale", []))
                operands.append(try update.floats("decay", [], in: 0...0.1))
            }
            let graph = try update.graph(
                .adamUpdate(op), operands, updating: ["w", "m", "v"])
            try check(graph, update.inputs)
        }

        @Test(arguments: [(0.0, false), (0.9, false), (0.9, true)], [1, 67, 16_411])
        func gradientDescent(_ kind: (momentum: Double, isNesterov: Bool), count: Int) throws {
            var update = Update()
            let op = SGDUpdate(
                momentum: kind.momentum, isNesterov: kind.isNesterov, hasDecay: kind.isNesterov)
            var operands = try [
                update.floats("w", [count], role: .parameter), update.floats("g", [count]),
                update.floats("rate", []),
            ]
            let hasVelocity = kind.momentum > 0
            if hasVelocity { operands.append(try update.floats("velocity", [count])) }
            if kind.isNesterov { operands.append(try update.floats("decay", [], in: 0...0.1)) }
            let graph = try update.graph(
                .sgdUpdate(op), operands, updating: hasVelocity ? ["w", "velocity"] : ["w"])
            try check(graph, update.inputs)
        }
    }
#endif
