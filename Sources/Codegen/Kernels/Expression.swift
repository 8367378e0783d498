/// One node of an elementwise computation; operands are indices of earlier nodes. Values are float32,
/// conditions bool.
package enum ExpressionNode: Hashable, Sendable {
    /// Element of the cluster's operand with this number, converted to float32.
    case operand(Int)
    /// The cluster's index with this number, as float32.
    case index(Int)
    case constant(Float)
    case unary(UnaryFunction, Int)
    case binary(BinaryOperation, Int, Int)
    /// `a · b + c`, rounded once.
    case fusedMultiplyAdd(Int, Int, Int)
    case compare(Comparison, Int, Int)
    case select(Int, Int, Int)
    case activation(Activation, Int)
    /// Derivative of an activation; see `Activation.derivative`.
    case activationDerivative(Activation, Int)
}

package enum UnaryFunction: String, Hashable, Sendable, CaseIterable {
    case negate, absolute, squareRoot, reciprocal, exponential, logarithm, exponentialBase2
    case hyperbolicTangent, sigmoid, errorFunction

    func apply(_ x: Value) -> Value {
        switch self {
        case .negate: -x
        case .absolute: x.absolute()
        case .squareRoot: x.squareRoot()
        case .reciprocal: 1 / x
        case .exponential: VectorMath.exp(x)
        case .logarithm: VectorMath.log(x)
        case .exponentialBase2: VectorMath.exp2(x)
        case .hyperbolicTangent: VectorMath.tanh(x)
        case .sigmoid: VectorMath.sigmoid(x)
        case .errorFunction: VectorMath.erf(x)
        }
    }
}

/// A computation on the elements at one place of several tensors, written as a list of nodes.
///
/// ```swift
/// var e = Expression()
/// let (x, y) = (e.operand(0), e.operand(1))
/// let sum = e.binary(.add, x, y)
/// ```
package struct Expression: Hashable, Sendable {
    package private(set) var nodes: [ExpressionNode] = []

    package init() {}

    package mutating func append(_ node: ExpressionNode) -> Int {
        nodes.append(node)
        return nodes.count - 1
    }

    package mutating func operand(_ index: Int) -> Int { append(.operand(index)) }
    package mutating func constant(_ value: Float) -> Int { append(.constant(value)) }
    package mutating func unary(_ function: UnaryFunction, _ a: Int) -> Int {
        append(.unary(function, a))
    }
    package mutating func binary(_ operation: BinaryOperation, _ a: Int, _ b: Int) -> Int {
        append(.binary(operation, a, b))
    }
    package mutating func multiplyAdd(_ a: Int, _ b: Int, _ c: Int) -> Int {
        append(.fusedMultiplyAdd(a, b, c))
    }

    /// The values of `wanted`, given what the operands are here.
    func evaluate(
        _ wanted: [Int], builder: LoopBuilder, lanes: Int, indices: (Int) -> Value,
        operands: (Int) -> Value
    ) -> [Value] {
        var values: [Value] = []
        for node in nodes {
            func value(_ index: Int) -> Value { values[index] }
            values.append(
                {
                    switch node {
                    case .operand(let index): operands(index)
                    case .index(let number): indices(number)
                    case .constant(let constant): builder.constant(constant, lanes: lanes)
                    case .unary(let function, let a): function.apply(value(a))
                    case .binary(let operation, let a, let b):
                        value(a).combined(operation, value(b))
                    case .fusedMultiplyAdd(let a, let b, let c):
                        value(a).multiplied(by: value(b), adding: value(c))
                    case .compare(let comparison, let a, let b):
                        Value.compare(comparison, value(a), value(b))
                    case .select(let condition, let a, let b):
                        value(condition).select(value(a), value(b))
                    case .activation(let activation, let a): activation.apply(value(a))
                    case .activationDerivative(let activation, let a):
                        activation.derivative(value(a))
                    }
                }())
        }
        return wanted.map { values[$0] }
    }
}
