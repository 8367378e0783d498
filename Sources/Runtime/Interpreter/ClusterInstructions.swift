import MartletIR

/// One instruction of a cluster over a block of elements.
enum ClusterInstruction {
    /// - Parameters:
    ///   - dtypes: the element type of each register.
    ///   - registers: where each register's block starts; `register` takes the result.
    static func run(
        _ instruction: Cluster.Instruction, dtypes: [DType],
        registers: UnsafeMutableBufferPointer<UnsafeMutableRawPointer>, register: Int, count: Int
    ) {
        let arguments = instruction.arguments
        let x = registers[arguments[0]]
        let y = registers[register]
        let dtype = dtypes[arguments[0]]
        switch instruction.op {
        case .unary(let unary): ElementwiseKernel.unary(unary.kind, dtype, x, y, count: count)
        case .binary(let binary):
            ElementwiseKernel.binary(
                binary.kind, dtype, x, registers[arguments[1]], y, count: count)
        case .compare(let compare):
            CompareKernel.compare(
                compare.direction, dtype, x, registers[arguments[1]],
                y.assumingMemoryBound(to: UInt8.self), count: count)
        case .select:
            CompareKernel.select(
                instruction.dtype, condition: x.assumingMemoryBound(to: UInt8.self),
                registers[arguments[1]], registers[arguments[2]], y, count: count)
        case .convert:
            ConvertKernel.convert(dtype, x, to: instruction.dtype, y, count: count)
        case .gelu(let gelu): self.gelu(gelu, dtype, x, y, count)
        default: break  // `Op.isElementwise` lets nothing else into a cluster
        }
    }

    private static func gelu(
        _ gelu: Gelu, _ dtype: DType, _ x: UnsafeMutableRawPointer, _ y: UnsafeMutableRawPointer,
        _ count: Int
    ) {
        if dtype == .f32 {
            let (x, y) = (
                x.assumingMemoryBound(to: Float.self), y.assumingMemoryBound(to: Float.self)
            )
            let activation: BiasActivation.Activation =
                gelu.isApproximate ? .geluApproximate : .gelu
            ActivationKernel.forward(activation, x: x, bias: nil, y: y, rows: 1, columns: count)
            return
        }
        let gate = Unary(gelu.isApproximate ? .tanh : .erf).function
        for index in 0..<count {
            let value = ElementAccess.load(x, dtype, at: index)
            let inner =
                gelu.isApproximate
                ? (value + 0.044715 * value * value * value) * (2 / Double.pi).squareRoot()
                : value * 0.5.squareRoot()
            ElementAccess.store(0.5 * value * (1 + gate(inner)), to: y, dtype, at: index)
        }
    }
}
