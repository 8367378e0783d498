import MartletLayers
import Testing

/// The wording of what users get wrong.
struct ErrorTests {
    private func message(_ body: () throws -> Void) -> String {
        do {
            try body()
            return "nothing was thrown"
        } catch {
            return "\(error)"
        }
    }

    @Test func shapesThatDoNotFit() throws {
        let x = Input(shape: [4, 6])
        let y = Input(shape: [5, 6])
        #expect(
            message { _ = try x + y }
                == "add: shapes [batch, 4, 6] and [batch, 5, 6] do not broadcast: "
                + "axis -2 has extents 4 and 5")
        #expect(
            message { _ = try Dense(3)(Input(shape: [4], dtype: .i32)) }
                == "dense: expected a float tensor of rank 2 or more, received i32[batch, 4]")
        #expect(
            message { _ = try GlobalAveragePooling1D()(Input(shape: [4])) }
                == "global_average_pooling1d: expected a float tensor of rank 3, "
                + "received f32[batch, 4]")
        #expect(
            message { _ = try MultiHeadAttention(heads: 2, keyDimension: 4)(x, Input(shape: [6])) }
                == "multi_head_attention: value: expected a float tensor [batch, length, width], "
                + "received f32[batch, 6]")
        #expect(
            message { _ = try Reshape([5, -1])(x) }
                == "reshape: reshape: f32[batch, 4, 6] has 24*batch elements, which do not fill "
                + "[batch, 5, -1]")
        #expect(
            message { _ = try x.sum(axes: [3]) }
                == "sum: axis 3 is outside the 3 axes of f32[batch, 4, 6]")
        #expect(
            message {
                _ = try EinsumDense("abc,cd->abd", outputShape: [nil, 3])(Input(shape: [6]))
            }
                == "einsum_dense: equation \"abc,cd->abd\" expects rank 3, received f32[batch, 6]")
    }

    @Test func optionsOutOfRange() throws {
        let x = Input(shape: [4])
        #expect(
            message { _ = try Dense(0)(x) } == "dense: units must be 1 or more, received 0")
        #expect(
            message { _ = try Dropout(1.5, name: "drop")(x) }
                == "drop: rate must be within 0...1, received 1.5")
        #expect(
            message { _ = try Sequential { Dense(2) }.summary() }
                == "sequential: the input is not known yet; begin with Input(shape:) or a layer of "
                + "strings")
        let model = try Model(inputs: x, outputs: try Dense(1)(x))
        #expect(
            message { _ = try model.trace(training: true, batchBound: 0) }
                == "the batch bound must be 1 or more, received 0")
    }

    @Test func missingAndRepeatedInputs() throws {
        let (x, y) = (Input(shape: [4], name: "left"), Input(shape: [4], name: "right"))
        let sum = try x + y
        #expect(
            message { _ = try Model(inputs: x, outputs: sum) }
                == "the outputs depend on the input \"right\" of type f32[batch, 4], which is not "
                + "among the model's inputs")
        #expect(
            message { _ = try Model(inputs: [x, y, x], outputs: [sum]) }
                == "an input is given twice")
        #expect(
            message { _ = try Model(inputs: [sum], outputs: [try sum * 2]) }
                == "the input f32[batch, 4] is the result of Add, expected a tensor made by "
                + "Input(…)")
        #expect(message { _ = try Model(inputs: [], outputs: [sum]) } == "a model needs an input")
        let model = try Model("both", inputs: [x, y], outputs: [sum])
        #expect(
            message { _ = try model([x]) } == "both: expected 2 inputs, received 1")
        #expect(
            message { _ = try model(["left": x, "wrong": y]) }
                == "both: there is no input \"wrong\"; the inputs are left, right")
        #expect(message { _ = try model(["left": x]) } == "both: input \"right\" is missing")
        #expect(
            message { _ = try model([x, Input(shape: [5])]) }
                == "both: input \"right\": expected f32[batch, 4], received f32[batch, 5]")
    }

    @Test func namesThatRepeat() throws {
        let x = Input(shape: [4])
        let y = try Dense(2, name: "same")(Dense(3, name: "same")(x))
        #expect(
            message { _ = try Model(inputs: x, outputs: y) }
                == "two layers are named \"same\"; names must differ within a model")
        #expect(
            message { _ = try Model(inputs: [x], outputs: ["y": x, "y": x]) }
                == "two outputs are named \"y\"")
        let z = try Dense(2, name: "a/b")(x)
        #expect(
            message { _ = try Model(inputs: x, outputs: z) }
                == "a layer may not be named \"a/b\": a name is not empty and has no \"/\"")
        let seed = Input(shape: [4], name: "seed")
        #expect(
            message { _ = try Model(inputs: seed, outputs: try seed * 2) }
                == "an input may not be named \"seed\": the graph uses that name")
    }

    private final class Twins: Layer {
        let a = Dense(2, name: "twin")
        let b = Dense(2, name: "twin")
        func call(_ x: Tensor, context: CallContext) throws -> Tensor { try b(a(x)) }
    }

    @Test func twinsWithinALayer() {
        #expect(
            message { _ = try Twins()(Input(shape: [2])) }
                == "twins: two layers are named \"twin\"; names must differ within a model")
    }

    @Test func aSharedLayerTakesOneSize() throws {
        let (x, y) = (Input(shape: [4]), Input(shape: [5]))
        let shared = Dense(3)
        let sum = try shared(x) + shared(y)
        #expect(
            message { _ = try Model(inputs: [x, y], outputs: [sum]) }
                == "dense: weight \"kernel\" was made with shape [4, 3], and this application asks "
                + "for [5, 3]; a shared layer takes inputs of one size")
    }

    @Test func weightsNeedKnownExtents() {
        let tokens = Symbol("tokens", bound: 9)
        #expect(
            message { _ = try Dense(3)(Input(shape: [Dimension(tokens)])) }
                == "dense: weight \"kernel\" needs known extents, received [tokens, 3]; give the "
                + "input's axes fixed lengths")
    }

    private final class Leak: Layer, @unchecked Sendable {
        let outside = Input(shape: [2])
        func call(_ x: Tensor, context: CallContext) throws -> Tensor { try x + outside }
    }

    private final class Endless: Layer {
        func call(_ x: Tensor, context: CallContext) throws -> Tensor { try self(x) }
    }

    @Test func tensorsAndLayersUsedWhereTheyDoNotBelong() {
        #expect(
            message { _ = try Leak()(Input(shape: [2])) }
                == "leak: add: a tensor declared outside this layer is used inside it; pass it as "
                + "an input instead")
        #expect(
            message { _ = try Endless()(Input(shape: [2])) }
                == "endless: Endless applies itself inside its call")
    }

    @Test func sequentialsWithMisplacedParts() throws {
        #expect(message { _ = try Sequential {} } == "a sequential model needs a layer")
        #expect(
            message {
                _ = try Sequential {
                    Input(shape: [2])
                    Dense(2)
                    Input(shape: [2])
                }
            } == "an input may only stand at the front of a sequential model")
    }
}
