import ArgumentParser
import Martlet

/// What the passes make of a graph, wherever steps are compiled for looking or timing.
struct PassOptions: ParsableArguments {
    enum ElementType: String, CaseIterable, ExpressibleByArgument { case float32, bfloat16 }

    @Option(
        help: """
            float32, or bfloat16 for the policy mixed_bfloat16: operands of matrix products are \
            rounded to bfloat16, all else is float32.
            """)
    var dtype = ElementType.float32

    @Option(help: "Leave out a pass, named as `inspect` lists it; may be given more than once.")
    var without: [String] = []

    var policy: DTypePolicy { dtype == .float32 ? .float32 : .mixedBFloat16 }
}
