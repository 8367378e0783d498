#if LLVM
    import MartletCodegen

    /// Attention forward and backward, one thread, against 4·S²·d and 10·S²·d floating-point operations.
    func benchmarkAttention(_ session: CodegenSession) throws {
        let peak = try peakFlops(session)
        for (batch, heads, length, size) in [
            (128, 2, 256, 32), (1, 12, 128, 64), (32, 12, 128, 64),
        ] {
            for dropoutRate in [0.0, 0.1] {
                for element in [MatrixElement.float32, .bfloat16] {
                    let attention = Attention(
                        batch: .constant(batch), heads: heads, queries: .constant(length),
                        keys: .constant(length), size: size, hasKeyMask: true,
                        dropoutRate: dropoutRate, element: element)
                    try measure(attention, session, peak: peak)
                }
            }
        }
    }

    private func measure(_ attention: Attention, _ session: CodegenSession, peak: Double) throws {
        let isa = session.target.isa
        let (length, size) = (attention.queries.bound, attention.size)
        let rows = attention.batch.bound * attention.heads * length
        let tensors = (0..<5).map { _ in floats(rows * size) }
        let gradients = (0..<3).map { _ in floats(rows * size) }
        let logSumExp = floats(rows)
        let mask = UnsafeMutableRawPointer.allocate(byteCount: rows, alignment: 64)
        mask.initializeMemory(as: UInt8.self, repeating: 1, count: rows)

        let forwardFunction = try attention.lowerForward(to: isa, savesLogSumExp: true)
        let forward = try Prepared(
            forwardFunction, session, buffers: tensors[0...3] + [mask, logSumExp],
            parameters: forwardFunction.parameters.map { _ in 1 })
        let backwardFunction = try attention.lowerBackward(to: isa)
        let backward = try Prepared(
            backwardFunction, session, buffers: tensors + [logSumExp] + gradients + [mask],
            parameters: backwardFunction.parameters.map { _ in 1 })
        for (name, prepared, factor) in [
            ("forward", forward, 4.0), ("backward", backward, 10.0),
        ] {
            let time = prepared.time()
            let flops = factor * Double(rows * length * size) / time
            print(
                "\(attention.element) attention \(name), \(attention.batch.bound * attention.heads) heads x \(length) x "
                    + "\(size), dropout \(attention.dropoutRate): \(format(time * 1e3, 2)) ms, "
                    + "\(format(100 * flops / peak, 1)) % of peak, compile "
                    + "\(format(prepared.compileSeconds * 1e3, 1)) ms")
        }
    }
#endif
