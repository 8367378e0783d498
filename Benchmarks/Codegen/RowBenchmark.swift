#if LLVM
    import MartletCodegen

    /// Kernels bound by memory, one thread: milliseconds and the rate of bytes moved.
    func benchmarkRows(_ session: CodegenSession) throws {
        let isa = session.target.isa
        for (rows, columns) in [(32768, 32), (4096, 768)] {
            let count = rows * columns
            for dropoutRate in [0.0, 0.1] {
                let norm = LayerNormalization(
                    rows: .constant(rows), columns: columns, hasResidual: true,
                    dropoutRate: dropoutRate)
                let tensors = (0..<5).map { _ in floats(count) }
                let (gamma, beta) = (floats(columns), floats(columns))
                let (mean, inverse) = (floats(rows), floats(rows))
                try report(
                    "residual + layer norm forward \(rows)x\(columns), dropout \(dropoutRate)",
                    norm.lowerForward(to: isa, savesForBackward: true), session,
                    [tensors[0], tensors[1], gamma, beta, tensors[2], tensors[3], mean, inverse],
                    bytes: 16 * count)
                let partials = floats(norm.partialCount(rows: rows) * 2 * columns)
                let gradients = dropoutRate > 0 ? [tensors[4], tensors[2]] : [tensors[4]]
                try report(
                    "layer norm backward \(rows)x\(columns), dropout \(dropoutRate)",
                    norm.lowerBackward(to: isa), session,
                    [tensors[0], tensors[3], mean, inverse, gamma] + gradients + [partials],
                    bytes: (dropoutRate > 0 ? 16 : 12) * count)
            }
        }
        for count in [640_000, 16_000_000] {
            let state = (0..<4).map { _ in floats(count) }
            let scalars = [floats(1), floats(1)]
            try report(
                "adam \(count)", AdamFormula().sweep(count: .constant(count)).lower(to: isa),
                session, state + scalars + [state[0], state[2], state[3]], bytes: 28 * count)
        }
        let embedding = Embedding(
            rows: 32768, dimension: 32, vocabularySize: 20_000, positionCount: 256)
        let ids = floats(32768)
        let numbers = ids.bindMemory(to: Int32.self, capacity: 32768)
        for index in 0..<32768 { numbers[index] = Int32((index &* 2_654_435_761) % 20_000) }
        let (table, positions, output) = (floats(640_000), floats(8192), floats(32768 * 32))
        try report(
            "embedding + position 32768x32", embedding.lowerForward(to: isa), session,
            [ids, table, positions, output], bytes: 8 * 32768 * 32)
        try report(
            "embedding gradient 32768x32", embedding.lowerBackward(to: isa), session,
            [ids, output, table], bytes: 0)
    }

    private func report(
        _ name: String, _ function: LoopFunction, _ session: CodegenSession,
        _ buffers: [UnsafeMutableRawPointer], bytes: Int
    ) throws {
        let prepared = try Prepared(
            function, session, buffers: buffers, parameters: function.parameters.map { _ in 1 })
        let time = prepared.time(budget: 0.3)
        let rate = bytes == 0 ? "" : ", \(format(Double(bytes) / time / 1e9, 1)) GB/s"
        print(
            "\(name): \(format(time * 1e3, 3)) ms\(rate), compile "
                + "\(format(prepared.compileSeconds * 1e3, 1)) ms")
    }
#endif
