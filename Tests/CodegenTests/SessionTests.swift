#if LLVM
    import MartletCodegen
    import Testing

    @Suite struct SessionTests {
        private func addition(_ name: String, _ amount: Double) throws -> LoopFunction {
            let k = LoopBuilder(name)
            let (x, y) = (k.input("x"), k.output("y"))
            y.store(x.load() + amount)
            return try k.finish()
        }

        @Test func compilesEqualKernelsOnce() throws {
            let session = try CodegenSession()
            let kernels = try session.compile([
                addition("a", 1), addition("b", 2), addition("c", 1), addition("d", 3),
            ])
            #expect(session.compiledKernelCount == 3)
            _ = try session.compile(addition("e", 2))
            #expect(session.compiledKernelCount == 3)
            var (x, results): (Float, [Float]) = (10, [])
            for kernel in kernels {
                var y: Float = 0
                withUnsafeMutableBytes(of: &x) { x in
                    withUnsafeMutableBytes(of: &y) { y in
                        kernel.run(buffers: [x.baseAddress, y.baseAddress])
                    }
                }
                results.append(y)
            }
            #expect(results == [11, 12, 11, 13])
        }

        @Test func refusesAnUnknownCPU() {
            let error = #expect(throws: CodegenError.self) { try CPUTarget.named("pentium") }
            #expect(
                error?.description
                    == "unknown CPU \"pentium\"; use one of native, generic, x86-64, x86-64-v2, "
                    + "x86-64-v3, x86-64-v4")
        }

        @Test func showsCodeForAnyTarget() throws {
            let function = try addition("add", 1)
            for target in CPUTarget.levels {
                let emitter = CodeEmitter(target: target)
                #expect(try emitter.llvmText([function]).contains("define void @add(ptr"))
                #expect(try emitter.assembly([function]).contains("add:"))
                #expect(try emitter.object([function]).starts(with: [0x7F, 0x45, 0x4C, 0x46]))
            }
        }

        @Test func refusesTwoKernelsOfOneNameInAnObject() throws {
            let functions = [try addition("add", 1), try addition("add", 2)]
            let error = #expect(throws: CodegenError.self) {
                try CodeEmitter(target: .native()).object(functions)
            }
            #expect(
                error?.description == "two kernels are named add; give each its own name")
        }
    }
#endif
