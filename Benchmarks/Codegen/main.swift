#if LLVM
    import MartletCodegen

    let usage = """
        codegen-bench accuracy [stride]   largest error of the vector mathematics; 1 = every float32
        codegen-bench matmul [cpu]        matrix products, per cent of peak
        codegen-bench training [cpu]      products of a training step
        codegen-bench attention [cpu]     attention, forward and backward
        codegen-bench rows [cpu]          layer norm, optimizer, embedding
        """

    func session(_ cpu: String?) throws -> CodegenSession {
        try CodegenSession(target: CPUTarget.named(cpu ?? "native"))
    }

    func run(_ arguments: [String]) throws {
        let option = arguments.count > 2 ? arguments[2] : nil
        switch arguments.count > 1 ? arguments[1] : "" {
        case "accuracy":
            try measureAccuracy(CodegenSession(), step: option.flatMap { Int($0) } ?? 101)
        case "matmul": try benchmarkMatmul(session(option))
        case "training": try benchmarkTrainingProducts(session(option))
        case "attention": try benchmarkAttention(session(option))
        case "rows": try benchmarkRows(session(option))
        default: print(usage)
        }
    }

    do {
        try run(CommandLine.arguments)
    } catch {
        print("codegen-bench: \(error)")
    }
#else
    print("codegen-bench was built without the LLVM trait")
#endif
