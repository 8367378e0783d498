#!/usr/bin/env bash
# Feeds damaged files to the readers of JSON, safetensors and tokenizers (libFuzzer).
#     Scripts/fuzz.sh [INPUTS]     10000 inputs each by default; a crash is kept in output/fuzz
set -euo pipefail
cd "$(dirname "$0")/.."

inputs=${1:-10000}
goldens=$PWD/Tests/Goldens/data
output=$PWD/output/fuzz
build=(swift build -c release --package-path Tests/Fuzz --scratch-path .build/fuzz --sanitize fuzzer)

for target in FuzzJSON FuzzSafetensors FuzzTokenizer; do
    "${build[@]}" --product "$target"
    corpus=$output/$target
    mkdir -p "$corpus"
    case $target in
        FuzzJSON) cp "$goldens"/pretrained/bert_bare/config.json "$corpus" ;;
        FuzzSafetensors)
            # A header behind one byte that says how much data there is.
            printf '\x10{"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}' > "$corpus/one"
            printf '\x06{"__metadata__":{"k":"v"},"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"F16","shape":[],"data_offsets":[4,6]}}' \
                > "$corpus/two" ;;
        FuzzTokenizer)
            cp "$goldens"/pretrained/bert_bare/vocab.txt "$corpus"
            find "$goldens" -name tokenizer.json -size -64k -exec cp {} "$corpus" \; ;;
    esac
    "$("${build[@]}" --show-bin-path)/$target" -runs="$inputs" -max_len=4096 -timeout=20 \
        -seed=1 -verbosity=1 -print_final_stats=1 -artifact_prefix="$output/$target-" "$corpus"
done
