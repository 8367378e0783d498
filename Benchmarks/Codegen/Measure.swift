#if LLVM
    import Glibc
    import MartletCodegen

    func seconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    /// The shortest of many runs: on a shared machine the one least disturbed.
    func best(budget: Double = 0.4, _ body: () -> Void) -> Double {
        body()
        var shortest = Double.infinity
        let start = seconds()
        var runs = 0
        while runs < 3 || seconds() - start < budget {
            let began = seconds()
            body()
            shortest = min(shortest, seconds() - began)
            runs += 1
        }
        return shortest
    }

    /// A page-aligned array of small random-looking numbers.
    func floats(_ count: Int, scale: Float = 1) -> UnsafeMutableRawPointer {
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: max(count, 1) * 4 + 4096, alignment: 4096)
        let values = memory.bindMemory(to: Float.self, capacity: count)
        for index in 0..<count {
            values[index] = (Float((index &* 2_654_435_761) & 0xFFFF) / 32768 - 1) * scale
        }
        return memory
    }

    /// A kernel with its memory, ready to be run again and again.
    struct Prepared {
        let kernel: CompiledKernel
        let buffers: [UnsafeMutableRawPointer?]
        let parameters: [Int64]
        let scratch: UnsafeMutableRawPointer
        let partCount: Int

        init(
            _ function: LoopFunction, _ session: CodegenSession,
            buffers: [UnsafeMutableRawPointer?], parameters: [Int64] = []
        ) throws {
            kernel = try session.compile(function)
            self.buffers = buffers
            self.parameters = parameters
            scratch = UnsafeMutableRawPointer.allocate(
                byteCount: max(64, function.scratchByteCount), alignment: 4096)
            partCount = function.partCount(parameters: parameters)
        }

        func run() {
            for part in 0..<partCount { kernel.entry(buffers, parameters, Int64(part), scratch) }
        }
    }

    func format(_ value: Double, _ digits: Int) -> String {
        let scale = pow(10, Double(digits))
        let scaled = Int((value * scale).rounded())
        if digits == 0 { return "\(scaled)" }
        let fraction = String(abs(scaled) % Int(scale))
        let padding = String(repeating: "0", count: digits - fraction.count)
        return "\(scaled / Int(scale)).\(padding)\(fraction)"
    }
#endif
