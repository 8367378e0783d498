#if LLVM
    import MartletCodegen

    /// Packed matmul at the shapes of `docs/codegen.md`, one thread.
    func benchmarkMatmul(_ session: CodegenSession) throws {
        let isa = session.target.isa
        let peak = try peakFlops(session)
        print("peak \(format(peak / 1e9, 1)) GFLOP/s")
        let gelu: [EpilogueStep] = [.bias, .activation(.gelu)]
        let shapes: [(Int, Int, Int, [EpilogueStep])] = [
            (128, 768, 768, gelu), (128, 3072, 768, gelu), (128, 768, 3072, [.bias]),
            (1024, 768, 768, gelu), (4096, 384, 384, gelu), (16384, 128, 128, gelu),
            (240, 64, 128, gelu), (240, 64, 128, [.bias]),
            (32768, 64, 32, [.bias, .activation(.relu)]), (32768, 32, 64, [.bias]),
        ]
        for (m, n, depth, epilogue) in shapes {
            let matmul = Matmul(
                rows: .constant(m), columns: n, depth: .constant(depth), leftRowStride: depth,
                outputRowStride: n, epilogue: epilogue)
            let pack = PackPanels(columns: n, depth: .constant(depth), layout: .rows(stride: n))
            let prepared = try Prepared(
                matmul.lower(to: isa), session,
                buffers: [
                    floats(m * depth), floats(pack.packedCount(isa: isa), scale: 0.1),
                    floats(m * n),
                    floats(n),
                ])
            let time = prepared.time()
            let flops = 2 * Double(m * n * depth) / time
            print(
                "matmul \(m)x\(n)x\(depth): \(format(flops / 1e9, 1)) GFLOP/s, "
                    + "\(format(100 * flops / peak, 1)) % of peak, \(prepared.partCount) parts, "
                    + "compile \(format(prepared.compileSeconds * 1e3, 1)) ms")
        }
        for (m, n, depth) in [
            (128, 768, 768), (128, 768, 3072), (1024, 768, 768), (4096, 384, 384),
        ] {
            let matmul = Matmul(
                rows: .constant(m), columns: n, depth: .constant(depth), leftRowStride: depth,
                outputRowStride: n, epilogue: [.bias], element: .bfloat16)
            let prepared = try Prepared(
                matmul.lower(to: isa), session,
                buffers: [
                    floats(m * depth), floats(depth * n / 2 + 64 * depth), floats(m * n),
                    floats(n),
                ])
            let flops = 2 * Double(m * n * depth) / prepared.time()
            print(
                "bfloat16 matmul \(m)x\(n)x\(depth): \(format(flops / 1e9, 1)) GFLOP/s, "
                    + "\(format(flops / peak, 2)) x the float32 peak, compile "
                    + "\(format(prepared.compileSeconds * 1e3, 1)) ms")
        }
        for (inputs, outputs, tokens) in [(768, 768, 4096), (768, 3072, 4096), (32, 192, 256)] {
            let chunk = min(tokens, 512)
            let matmul = Matmul(
                rows: .constant(inputs), columns: outputs,
                depth: .parameter("tokens", atMost: tokens),
                leftRowStride: 1, leftDepthStride: inputs, right: .rows(stride: outputs),
                outputRowStride: outputs, depthChunk: chunk, chunkStride: inputs * outputs)
            let prepared = try Prepared(
                matmul.lower(to: isa), session,
                buffers: [
                    floats(tokens * inputs), floats(tokens * outputs),
                    floats(tokens / chunk * inputs * outputs),
                ], parameters: [Int64(tokens)])
            let flops = 2 * Double(inputs * outputs * tokens) / prepared.time()
            print(
                "weight gradient \(inputs)x\(outputs) over \(tokens): "
                    + "\(format(flops / 1e9, 1)) GFLOP/s, \(format(100 * flops / peak, 1)) % of peak"
            )
        }
    }

    /// Products of a training step whose weights are not packed ahead, one thread.
    func benchmarkTrainingProducts(_ session: CodegenSession) throws {
        let peak = try peakFlops(session)
        print("peak \(format(peak / 1e9, 1)) GFLOP/s")
        for tokens in [512, 2048] {
            for (input, output) in [(768, 768), (768, 3072), (3072, 768), (384, 1536), (1536, 384)]
            {
                // Forward, by the input, by the weight.
                let products = [
                    (
                        "forward",
                        Matmul(
                            rows: .constant(tokens), columns: output, depth: .constant(input),
                            leftRowStride: input, right: .rows(stride: output),
                            outputRowStride: output)
                    ),
                    (
                        "input gradient",
                        Matmul(
                            rows: .constant(tokens), columns: input, depth: .constant(output),
                            leftRowStride: output, right: .columns(stride: output),
                            outputRowStride: input)
                    ),
                    (
                        "weight gradient",
                        Matmul(
                            rows: .constant(input), columns: output, depth: .constant(tokens),
                            leftRowStride: 1, leftDepthStride: input, right: .rows(stride: output),
                            outputRowStride: output)
                    ),
                ]
                for (label, matmul) in products {
                    let size = max(tokens, input) * max(output, input, tokens)
                    let prepared = try Prepared(
                        matmul.lower(to: session.target.isa), session,
                        buffers: [floats(size), floats(size), floats(size)])
                    let flops = 2 * Double(tokens * input * output) / prepared.time(budget: 0.15)
                    print(
                        "\(label) \(tokens)x\(input)x\(output): "
                            + "\(format(flops / 1e9, 1)) GFLOP/s, "
                            + "\(format(100 * flops / peak, 1)) % of peak, "
                            + "\(prepared.partCount) parts")
                }
            }
        }
    }

    /// What this machine reaches from registers: independent fused multiply-adds, nothing else.
    func peakFlops(_ session: CodegenSession) throws -> Double {
        let (lanes, chains, turns) = (session.target.isa.lanes, 12, 100_000)
        let k = LoopBuilder("peak")
        let x = k.output("x")
        let factor = x.load().splat(lanes)
        let sums = k.loop(
            k.constant(0), k.constant(turns),
            carrying: (0..<chains).map { (x + $0 * lanes).load(lanes: lanes) }
        ) { _, sums in sums.map { $0.multiplied(by: factor, adding: factor) } }
        for (index, sum) in sums.enumerated() { (x + index * lanes).store(sum) }
        let prepared = try Prepared(k.finish(), session, buffers: [floats(chains * lanes)])
        return 2 * Double(chains * turns * lanes) / prepared.time()
    }
#endif
