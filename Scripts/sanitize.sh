#!/usr/bin/env bash
# Runs the kernels' tests under LLVM's address sanitizer, once they are built. The
# sanitizer's runtime is loaded before the test program: generated code is then instrumented
# (Sources/Codegen/LLVM/AddressSanitizer.swift), the rest of the program is not.
set -euo pipefail
cd "$(dirname "$0")/.."

runtime=$(clang -print-file-name=libclang_rt.asan-x86_64.so)
[[ -f $runtime ]] || { echo "sanitize: clang has no $runtime" >&2; exit 1; }
tests=$(swift build -c release --show-bin-path)/MartletPackageTests.xctest
suites='AddressSanitizerTests|RowKernelTests|ClusterTests|PhiloxTests|MatmulTests|BFloat16Tests'
suites+='|AttentionTests|SequencePlanTests|OptimizerPlanTests|ClusterSumPlanTests'
env LD_PRELOAD="$runtime" ASAN_OPTIONS=detect_leaks=0 \
    "$tests" --testing-library swift-testing --filter "CodegenTests.($suites)"
