import MartletLayers
import Synchronization

/// A training or evaluation under way, as callbacks see it.
public final class TrainingRun: Sendable {
    public let model: Model
    /// The number of the epoch training goes on to.
    public let epochCount: Int
    private let runtime: ModelRuntime
    private let state: Mutex<State>

    private struct State {
        var isStopping = false
        var batchCount: Int?
    }

    init(model: Model, runtime: ModelRuntime, epochCount: Int, batchCount: Int?) {
        self.model = model
        self.runtime = runtime
        self.epochCount = epochCount
        state = Mutex(State(batchCount: batchCount))
    }

    /// Ends the training after this epoch.
    public func stop() { state.withLock { $0.isStopping = true } }

    public var isStopping: Bool { state.withLock { $0.isStopping } }

    /// Batches in an epoch or an evaluation; nil where that is not known yet.
    public internal(set) var batchCount: Int? {
        get { state.withLock { $0.batchCount } }
        set { state.withLock { $0.batchCount = newValue } }
    }

    /// Updates done in the model's whole life.
    public var stepCount: Int { runtime.stepCount }

    /// The learning rate of the next step.
    public var learningRate: Double { get throws { try runtime.learningRate(of: model) } }

    /// - Throws: `TrainingError` where the optimizer follows a schedule.
    public func setLearningRate(_ rate: Double) throws {
        try runtime.setLearningRate(rate, of: model)
    }

    /// A copy of all weights by name.
    public func weights() throws -> [String: [Float]] { try runtime.weights(of: model) }

    public func setWeights(_ weights: [String: [Float]]) throws {
        try runtime.setWeights(weights, of: model)
    }
}
