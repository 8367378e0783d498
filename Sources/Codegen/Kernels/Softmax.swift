/// Softmax over the last dimension of `[rows, columns]`.
package struct Softmax: Hashable, Sendable {
    package var rows: Extent
    package var columns: Int

    package init(rows: Extent, columns: Int) {
        self.rows = rows
        self.columns = columns
    }

    /// Kernel. Buffers: `input`, `output`.
    package func lowerForward(
        to isa: VectorISA, name: String = "softmax"
    ) throws -> LoopFunction {
        let k = LoopBuilder(name)
        let (input, output) = (k.input("input"), k.output("output"))
        let kernel = RowKernel(k, isa: isa, rows: rows, columns: columns)
        kernel.forEachRow(nil) { row, _ in
            let (source, target) = (input + row * columns, output + row * columns)
            let maximum = kernel.maximum { offset, mask in
                (source + offset).load(lanes: isa.lanes, mask: mask)
            }
            let sum = kernel.sum(1) { offset, mask in
                let value = (source + offset).load(lanes: isa.lanes, mask: mask)
                let power = VectorMath.exp(value - maximum)
                (target + offset).store(power, mask: mask)
                return [power]
            }[0]
            let inverse = 1 / sum
            kernel.forEachVector { offset, mask in
                let power = (target + offset).load(lanes: isa.lanes, mask: mask)
                (target + offset).store(power * inverse, mask: mask)
            }
        }
        return try k.finish()
    }

    /// Kernel: `dx = y∘(dy − Σ y∘dy)`. Buffers: `output` (y), `outputGradient`, `inputGradient`.
    package func lowerBackward(
        to isa: VectorISA, name: String = "softmaxGradient"
    ) throws -> LoopFunction {
        let k = LoopBuilder(name)
        let (output, outputGradient) = (k.input("output"), k.input("outputGradient"))
        let inputGradient = k.output("inputGradient")
        let kernel = RowKernel(k, isa: isa, rows: rows, columns: columns)
        kernel.forEachRow(nil) { row, _ in
            let start = row * columns
            func load(_ pointer: Pointer, _ offset: Value, _ mask: Value?) -> Value {
                (pointer + start + offset).load(lanes: isa.lanes, mask: mask)
            }
            let sum = kernel.sum(1) { offset, mask in
                [load(output, offset, mask) * load(outputGradient, offset, mask)]
            }[0]
            kernel.forEachVector { offset, mask in
                let y = load(output, offset, mask)
                let gradient = y * (load(outputGradient, offset, mask) - sum)
                (inputGradient + start + offset).store(gradient, mask: mask)
            }
        }
        return try k.finish()
    }
}
