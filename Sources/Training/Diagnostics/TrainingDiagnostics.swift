import MartletIR
import MartletLayers

extension TracedModel {
    /// What is doubtful in training this model by this loss: masks that do nothing, means over
    /// padding, weights out of reach.
    func trainingDiagnostics(loss: Value) -> [Diagnostic] {
        maskDiagnostics(for: [loss]) + unreachedParameters(from: loss)
    }

    private func unreachedParameters(from loss: Value) -> [Diagnostic] {
        let reached = builder.ancestors(of: [loss])
        let lost = parameters.filter {
            $0.specification.isTrainable && !reached.contains($0.value.node)
        }
        guard !lost.isEmpty else { return [] }
        var layers: [String] = []
        for parameter in lost {
            let layer = parameter.specification.name.split(separator: "/").dropLast()
                .joined(separator: "/")
            if !layers.contains(layer) { layers.append(layer) }
        }
        let count = lost.reduce(0) { $0 + $1.specification.elementCount }
        let list = layers.prefix(5).joined(separator: ", ") + (layers.count > 5 ? ", …" : "")
        let place = layers.count == 1 ? "" : " of \(layers.count) layers (\(list))"
        return [
            Diagnostic(
                .unreachedParameters, Self.commonPath(of: layers),
                "the loss does not depend on \(count) trainable weights\(place): they learn "
                    + "nothing, and weight decay shrinks them. Use the layer on the way to the "
                    + "output, leave it out of the model, or freeze it")
        ]
    }

    /// The longest path that leads to all of these layers.
    private static func commonPath(of layers: [String]) -> String {
        var common = layers.first?.split(separator: "/") ?? []
        for layer in layers.dropFirst() {
            let parts = layer.split(separator: "/")
            let length = zip(common, parts).prefix { $0 == $1 }.count
            common = Array(common.prefix(length))
        }
        return common.joined(separator: "/")
    }
}

/// What is doubtful about one `fit`: its length, and its labels.
struct RunDiagnostics {
    let found: [Diagnostic]

    /// - Parameters:
    ///   - batchCount: steps in an epoch; nil where they are not known.
    ///   - labels: all labels there are to learn from; nil where they come in batches.
    init(
        _ arguments: FitArguments, batchCount: Int?, labels: DataArray?,
        signature: InputSignature, runtime: ModelRuntime
    ) throws {
        var found: [Diagnostic] = []
        if let batchCount, let optimizer = runtime.compiled?.optimizer {
            let epochCount = max(arguments.epochs - arguments.initialEpoch, 0)
            let (stepCount, overflow) = epochCount.multipliedReportingOverflow(by: batchCount)
            if !overflow, stepCount > 0 {
                found += try optimizer.warmupDiagnostics(lastStep: runtime.stepCount + stepCount)
            }
        }
        if let labels, let expected = signature.labels {
            found += expected.classDiagnostics(labels)
        }
        self.found = found
    }
}

extension Optimizer {
    /// - Parameter lastStep: the number of steps done when the training ends.
    fileprivate func warmupDiagnostics(lastStep: Int) throws -> [Diagnostic] {
        let warmup = learningRate.warmupStepCount
        let period = scheduleClock == .updates ? max(gradientAccumulationStepCount, 1) : 1
        let end = lastStep / period
        guard warmup > 0, end <= warmup, end > 0 else { return [] }
        let last = try learningRate.value(at: end - 1)
        let peak = try learningRate.value(at: warmup)
        return [
            Diagnostic(
                .warmupLongerThanRun, "learning rate",
                "the warm-up takes \(warmup) steps, but the training ends after \(end): the rate "
                    + "only rises to \(Float(last)) and never comes to \(Float(peak)). Give the "
                    + "warm-up a share of the steps, which are batches and not rows")
        ]
    }
}

extension InputSignature.Labels {
    /// Classes of the output that no label names.
    fileprivate func classDiagnostics(_ labels: DataArray) -> [Diagnostic] {
        guard let classCount, case .int32s(let values) = labels.elements else { return [] }
        var largest: Int32 = -1
        for value in values where Int(value) != ignoredClass { largest = max(largest, value) }
        let count = Int(largest) + 1
        guard count > 0, count < classCount else { return [] }
        return [
            Diagnostic(
                .unusedClasses, layerPath,
                "it has \(classCount) outputs, but the labels number \(count) classes (0..<\(count)): "
                    + "the other outputs only learn that they never occur. Give the layer \(count) "
                    + "units, or look for labels that are missing")
        ]
    }
}
