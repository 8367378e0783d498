#if LLVM
    import Glibc
    import MartletCodegen

    /// Time since some start.
    func seconds() -> Double { clock(CLOCK_MONOTONIC) }

    /// Processor time of all threads of this process: the cost of a compilation.
    func processSeconds() -> Double { clock(CLOCK_PROCESS_CPUTIME_ID) }

    private func clock(_ id: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(id, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
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
        let compileSeconds: Double

        init(
            _ function: LoopFunction, _ session: CodegenSession,
            buffers: [UnsafeMutableRawPointer?], parameters: [Int64] = []
        ) throws {
            let began = processSeconds()
            kernel = try session.compile(function)
            compileSeconds = processSeconds() - began
            self.buffers = buffers
            self.parameters = parameters
            scratch = UnsafeMutableRawPointer.allocate(
                byteCount: max(64, function.scratchByteCount), alignment: 4096)
            partCount = function.partCount(parameters: parameters)
        }

        /// Seconds of one run over all parts: the sum of each part's shortest time over many rounds.
        func time(budget: Double = 0.5) -> Double {
            var shortest = Array(repeating: Double.infinity, count: partCount)
            let start = seconds()
            var rounds = 0
            while rounds < 4 || seconds() - start < budget {
                for part in 0..<partCount {
                    let began = seconds()
                    kernel.entry(buffers, parameters, Int64(part), scratch)
                    shortest[part] = min(shortest[part], seconds() - began)
                }
                rounds += 1
            }
            return shortest.reduce(0, +)
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
