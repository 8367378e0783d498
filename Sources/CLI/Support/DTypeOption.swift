import ArgumentParser
import Martlet

/// `--dtype`, wherever steps run.
struct DTypeOption: ParsableArguments {
    enum ElementType: String, CaseIterable, ExpressibleByArgument { case float32, bfloat16 }

    @Option(
        help: """
            float32, or bfloat16 for the policy mixed_bfloat16: operands of matrix products are \
            rounded to bfloat16, all else is float32.
            """)
    var dtype = ElementType.float32

    var policy: DTypePolicy { dtype == .float32 ? .float32 : .mixedBFloat16 }
}
