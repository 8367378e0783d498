#if LLVM
    import MartletCodegen

    let usage = """
        codegen-bench accuracy [stride]   largest error of the vector mathematics; 1 = every float32
        codegen-bench matmul [cpu]        matrix products, per cent of peak
        codegen-bench attention [cpu]     attention, forward and backward
        """

    func run(_ arguments: [String]) throws {
        let target = try CPUTarget.named(arguments.count > 2 ? arguments[2] : "native")
        switch arguments.count > 1 ? arguments[1] : "" {
        case "matmul": try benchmarkMatmul(CodegenSession(target: target))
        case "attention": try benchmarkAttention(CodegenSession(target: target))
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
