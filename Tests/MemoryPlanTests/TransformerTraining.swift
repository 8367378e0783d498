import MartletMemoryPlan

/// The buffers of one training step of an encoder, as a compiler orders them: activations that wait
/// for their backward pass, gradients that live for a few steps, temporaries of one step.
struct TransformerTraining {
    var layerCount = 12
    var tokenCount = 32 * 128
    var dimension = 768
    var headCount = 12
    var feedForward = 3072
    /// Clipping by global norm keeps all gradients until the end; otherwise each is used at once.
    var keepsGradients = false
    /// Elementwise operations may write over what they read.
    var worksInPlace = false
    /// Attention in primitive operations keeps the score matrix.
    var fusesAttention = true

    func problem() throws -> MemoryProblem {
        var builder = StepBuilder(worksInPlace: worksInPlace)
        var saved: [[Int]] = []
        var hidden = builder.write("embedding", floats: tokenCount * dimension)
        for layer in 0..<layerCount {
            let (output, kept) = forward(&builder, "layer\(layer)", input: hidden)
            saved.append(kept)
            hidden = output
        }
        let logits = builder.write("logits", floats: 4 * tokenCount / 128, reading: [hidden])
        var gradient = builder.write(
            "d_hidden", floats: tokenCount * dimension, reading: [logits, hidden])
        for layer in saved.indices.reversed() {
            gradient = backward(
                &builder, "layer\(layer)", gradient: gradient, saved: saved[layer])
        }
        gradientOfParameter(
            &builder, "d_embedding", floats: 30_522 * dimension, reading: [gradient])
        return try MemoryProblem(buffers: builder.finish())
    }

    private var matrix: Int { tokenCount * dimension }
    private var scores: Int { tokenCount * 128 * headCount }

    private func forward(
        _ builder: inout StepBuilder, _ name: String, input: Int
    ) -> (output: Int, saved: [Int]) {
        let projections = ["query", "key", "value"].map {
            builder.write("\(name)/\($0)", floats: matrix, reading: [input])
        }
        var kept = [input] + projections
        let context: Int
        if fusesAttention {
            let normalizer = builder.write("\(name)/logsumexp", floats: tokenCount * headCount)
            context = builder.write("\(name)/context", floats: matrix, reading: projections)
            kept += [normalizer]
        } else {
            let raw = builder.write("\(name)/scores", floats: scores, reading: projections)
            let masked = builder.elementwise("\(name)/masked", reading: [raw])
            let probabilities = builder.elementwise("\(name)/softmax", reading: [masked])
            context = builder.write(
                "\(name)/context", floats: matrix, reading: [probabilities] + projections)
            kept += [probabilities]
        }
        kept += [context]
        let attended = normalized(
            &builder, "\(name)/attention", input: context, residual: input, keeping: &kept)
        let expanded = builder.write(
            "\(name)/expanded", floats: tokenCount * feedForward, reading: [attended])
        let activated = builder.write(
            "\(name)/gelu", floats: tokenCount * feedForward, reading: [expanded])
        kept += [attended, expanded, activated]
        let output = normalized(
            &builder, "\(name)/feed_forward", input: activated, residual: attended, keeping: &kept)
        return (output, kept)
    }

    private func normalized(
        _ builder: inout StepBuilder, _ name: String, input: Int, residual: Int,
        keeping kept: inout [Int]
    ) -> Int {
        let dense = builder.write("\(name)/dense", floats: matrix, reading: [input])
        let dropped = builder.elementwise("\(name)/dropout", reading: [dense])
        let sum = builder.elementwise("\(name)/residual", reading: [dropped, residual])
        let mean = builder.write("\(name)/mean", floats: tokenCount, reading: [sum])
        let scale = builder.write(
            "\(name)/reciprocal_deviation", floats: tokenCount, reading: [sum])
        kept += [sum, mean, scale]
        return builder.write("\(name)/norm", floats: matrix, reading: [sum, mean, scale])
    }

    private func backward(
        _ builder: inout StepBuilder, _ name: String, gradient: Int, saved: [Int]
    ) -> Int {
        var gradient = gradient
        for (part, width) in [("feed_forward", feedForward), ("attention", dimension)] {
            let partName = "\(name)/d_\(part)"
            let sum = builder.write("\(partName)/sum", floats: matrix, reading: [gradient] + saved)
            gradientOfParameter(&builder, "\(partName)/gamma", floats: dimension, reading: [sum])
            gradientOfParameter(&builder, "\(partName)/beta", floats: dimension, reading: [sum])
            let dropped = builder.elementwise("\(partName)/dropout", reading: [sum])
            gradientOfParameter(
                &builder, "\(partName)/kernel", floats: dimension * width,
                reading: [dropped] + saved)
            gradientOfParameter(&builder, "\(partName)/bias", floats: width, reading: [dropped])
            var wide = builder.write(
                "\(partName)/wide", floats: tokenCount * width, reading: [dropped])
            if part == "feed_forward" {
                wide = builder.elementwise("\(partName)/gelu", reading: [wide] + saved)
                gradientOfParameter(
                    &builder, "\(partName)/expansion", floats: dimension * width,
                    reading: [wide] + saved)
                wide = builder.write("\(partName)/input", floats: matrix, reading: [wide])
            } else {
                wide = attentionBackward(&builder, partName, gradient: wide, saved: saved)
            }
            gradient = builder.elementwise("\(partName)/residual", reading: [wide, sum])
        }
        builder.read(saved)
        return gradient
    }

    private func attentionBackward(
        _ builder: inout StepBuilder, _ name: String, gradient: Int, saved: [Int]
    ) -> Int {
        var inner = gradient
        if !fusesAttention {
            inner = builder.write("\(name)/softmax", floats: scores, reading: [gradient] + saved)
            inner = builder.elementwise("\(name)/scores", reading: [inner] + saved)
        }
        let parts = ["query", "key", "value"].map {
            builder.write("\(name)/\($0)", floats: matrix, reading: [inner] + saved)
        }
        var total: Int?
        for (part, partName) in zip(parts, ["query", "key", "value"]) {
            gradientOfParameter(
                &builder, "\(name)/\(partName)/kernel", floats: dimension * dimension,
                reading: [part] + saved)
            gradientOfParameter(
                &builder, "\(name)/\(partName)/bias", floats: dimension, reading: [part])
            let input = builder.write("\(name)/\(partName)/input", floats: matrix, reading: [part])
            total = total.map { builder.elementwise("\(name)/sum", reading: [$0, input]) } ?? input
        }
        return total ?? gradient
    }

    private func gradientOfParameter(
        _ builder: inout StepBuilder, _ name: String, floats: Int, reading inputs: [Int]
    ) {
        let gradient = builder.write(name, floats: floats, reading: inputs)
        if keepsGradients { builder.keepToTheEnd(gradient) } else { builder.read([gradient]) }
    }
}

/// Numbers the steps of a program and notes who uses what when.
struct StepBuilder {
    var worksInPlace: Bool
    private var buffers: [MemoryBuffer] = []
    private var keptToTheEnd: [Int] = []
    private var step = 0

    init(worksInPlace: Bool) { self.worksInPlace = worksInPlace }

    /// One step that writes a new buffer, with a small workspace as kernels have.
    mutating func write(_ name: String, floats: Int, reading inputs: [Int] = []) -> Int {
        read(inputs, advances: false)
        buffers.append(
            MemoryBuffer(
                name: "\(name)/workspace", byteCount: 4096, firstUse: step, lastUse: step))
        buffers.append(
            MemoryBuffer(name: name, byteCount: 4 * floats, firstUse: step, lastUse: step))
        step += 1
        return buffers.count - 1
    }

    /// One step that writes a buffer like the first it reads, in its place where that is allowed.
    mutating func elementwise(_ name: String, reading inputs: [Int]) -> Int {
        read(inputs, advances: false)
        buffers.append(
            MemoryBuffer(
                name: name, byteCount: buffers[inputs[0]].byteCount, firstUse: step, lastUse: step,
                sharing: worksInPlace ? .may(inputs) : .own))
        step += 1
        return buffers.count - 1
    }

    mutating func read(_ inputs: [Int], advances: Bool = true) {
        for input in inputs { buffers[input].lastUse = step }
        if advances { step += 1 }
    }

    mutating func keepToTheEnd(_ buffer: Int) { keptToTheEnd.append(buffer) }

    mutating func finish() -> [MemoryBuffer] {
        for buffer in keptToTheEnd {
            buffers[buffer].lastUse = step
            step += 1
        }
        return buffers
    }
}
