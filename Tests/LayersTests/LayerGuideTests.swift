import MartletLayers
import TestSupport
import Testing

/// The code of `docs/adding-a-layer.md`.
struct LayerGuideTests {
    final class GatedFeedForward: Layer {
        let gate: Dense
        let value: Dense
        let output: Dense

        init(width: Int, dimension: Int) {
            gate = Dense(width, activation: .silu)
            value = Dense(width)
            output = Dense(dimension)
        }

        func call(_ x: Tensor, context: CallContext) throws -> Tensor {
            try output(gate(x) * value(x))
        }
    }

    final class Scale: Layer {
        func call(_ x: Tensor, context: CallContext) throws -> Tensor {
            guard let width = x.shape.dimensions.last else {
                throw LayerError(path: context.path, "expected at least one axis, received \(x)")
            }
            return try x * context.weight("scale", shape: [width], initializer: .ones)
        }
    }

    @Test func layersOfOnesOwnWorkInAModel() throws {
        let model = try Sequential("gated") {
            Input(shape: [16])
            GatedFeedForward(width: 64, dimension: 16)
            Scale()
            Dense(4, activation: .softmax)
        }
        #expect(
            try model.parameters.map(\.name) == [
                "gated_feed_forward/gate/kernel", "gated_feed_forward/gate/bias",
                "gated_feed_forward/value/kernel", "gated_feed_forward/value/bias",
                "gated_feed_forward/output/kernel", "gated_feed_forward/output/bias",
                "scale/scale", "dense/kernel", "dense/bias",
            ])
        #expect(try model.trace(training: false, batchBound: 2).diagnostics.isEmpty)
    }

    @Test func guideShowsThisCode() throws {
        try Guide("docs/adding-a-layer.md").expectCode(minimumLineCount: 25)
    }
}
