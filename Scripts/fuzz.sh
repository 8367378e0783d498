#!/usr/bin/env bash
# Feeds damaged files to the readers of JSON, safetensors and tokenizers, by libFuzzer under the
# address sanitizer.
#     Scripts/fuzz.sh [INPUTS]     inputs for each reader, 50000 by default
# What the fuzzer finds worth keeping goes to output/fuzz and is where the next run begins. The
# first input that fails ends everything and is kept there too, beside the reader's folder.
set -euo pipefail
cd "$(dirname "$0")/.."

inputs=${1:-50000}
[[ $inputs =~ ^[1-9][0-9]*$ ]] || {
    echo "fuzz: the number of inputs must be a whole number from 1, found '$inputs'" >&2
    exit 2
}
# Swift's own report of a crash would hide the sanitizer's.
export MARTLET_FUZZ=1 SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=quarantine_size_mb=16
# Of two --sanitize the compiler takes the last one only, so the pair is named to it directly.
build=(swift build -c release --scratch-path .build/fuzz --sanitize fuzzer)
build+=(-Xswiftc -sanitize=fuzzer,address)
readers=(JSON Safetensors Tokenizer)

for reader in "${readers[@]}"; do "${build[@]}" --product "Fuzz$reader"; done
programs=$("${build[@]}" --show-bin-path)
for reader in "${readers[@]}"; do
    corpus=output/fuzz/$reader
    seeds=Tests/Fuzz/Seeds/$reader
    mkdir -p "$corpus"
    echo "Fuzz$reader: $inputs inputs"
    "$programs/Fuzz$reader" -runs="$inputs" -max_len=640 -dict="$seeds.dict" -seed=1 \
        -timeout=20 -rss_limit_mb=2048 -verbosity=1 -print_final_stats=1 \
        -artifact_prefix="output/fuzz/$reader-" "$corpus" "$seeds" \
        2>&1 | sed '/Recommended dictionary/,/End of recommended dictionary/d'
done
