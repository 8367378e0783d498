#if LLVM
    import GraphTestSupport
    import MartletCodegen
    import MartletIR
    import MartletRuntime
    import TestSupport
    import Testing

    struct CompiledPlanTests {
        /// The values of every result of an op, by plan and binder.
        private func results(
            _ graph: Graph, _ inputs: [String: ReferenceTensor], compiler: NativeCompiler,
            extents: SymbolExtents = SymbolExtents()
        ) throws -> [String: ReferenceTensor] {
            let plan = try Plan(graph)
            let session = try compiler.session(
                for: plan, store: ParameterStore(), pool: ThreadPool(threadCount: 2))
            for (name, value) in inputs {
                let base = try #require(session.address(ofInput: name))
                for (index, element) in value.elements.enumerated() {
                    ElementAccess.store(element, to: base, value.dtype, at: index)
                }
            }
            try session.run(extents)
            var outputs: [String: ReferenceTensor] = [:]
            for output in plan.outputs {
                let (base, type) = try #require(session.output(output.name))
                let shape = try #require(type.shape.evaluated { extents($0) })
                let elements = (0..<shape.reduce(1, *)).map {
                    ElementAccess.load(base, type.dtype, at: $0)
                }
                outputs[output.name] = ReferenceTensor(type.dtype, shape: shape, elements: elements)
            }
            return outputs
        }

        @Test(arguments: BiasActivation.Activation.allCases)
        func biasAndActivationAreTheEndOfTheProduct(
            _ activation: BiasActivation.Activation
        ) throws {
            let graph = try BiasedProductGraph.graph(activation)
            let inputs = BiasedProductGraph.inputs()
            let extents = SymbolExtents(BiasedProductGraph.extents)
            let expected = try ReferenceInterpreter(extents: extents).run(graph, inputs)
            let actual = try results(graph, inputs, compiler: NativeCompiler(), extents: extents)
            for (name, tensor) in expected {
                let received = try #require(actual[name])
                let problem = mismatch(
                    received.elements, tensor.elements, shape: tensor.shape,
                    tolerance: Tolerance(relative: 3e-5, absolute: 6e-6))
                #expect(problem == nil, "\(activation), \(name): \(problem ?? "")")
            }
        }

        @Test(arguments: OpExample.all.map(\.inFloat32))
        func compiledPlanAgreesWithReference(_ example: OpExample) throws {
            let compiler = try NativeCompiler()
            let b = GraphBuilder()
            var operands: [MartletIR.Value] = []
            var inputs: [String: ReferenceTensor] = [:]
            let values = example.randomOperands(seed: 3)
            for (index, operand) in example.operands.enumerated() {
                let input = Input("\(index)", role: .data, type: operand.type)
                operands.append(try b.append(.input(input)))
                inputs[input.inputName] = values[index]
            }
            if let forward = example.forward {
                let results = try b.append(forward.op, forward.operands(operands))
                operands.replaceSubrange(4...5, with: results)
            }
            for (index, value) in try b.append(example.op, operands).enumerated() {
                // The kernels keep the log-sum-exp in their own form, for their own backward.
                if case .attention = example.op, index == 1 { continue }
                if case .packedAttention = example.op, index == 1 { continue }
                b.output("result \(index)", value)
            }
            let graph = try b.build()
            let expected = try ReferenceInterpreter().run(graph, inputs)
            let actual = try results(graph, inputs, compiler: compiler)
            for (name, tensor) in expected {
                let received = try #require(actual[name])
                #expect(received.shape == tensor.shape)
                let problem = mismatch(
                    received.elements, tensor.elements, shape: tensor.shape,
                    tolerance: Tolerance(relative: 3e-5, absolute: 4e-6))
                #expect(problem == nil, "\(example.label), \(name): \(problem ?? "")")
            }
        }
    }
#endif
