#!/usr/bin/env bash
# Makes the reference of all public symbols, as one site: make-docs.sh FOLDER
# The modules that `import Martlet` re-exports stand in it as one, as their users see them.
set -euo pipefail
output=$(realpath --canonicalize-missing "${1:?usage: make-docs.sh FOLDER}")
cd "$(dirname "$0")/.."

swift build -c release --target Martlet
products=$(swift build -c release --show-bin-path)
modules=$(sed -nE 's/^@_exported import ((class|enum|struct) )?([A-Za-z]+).*/\3/p' \
    Sources/Martlet/*.swift Sources/Layers/Exports.swift | sort -u | paste -sd,)
symbols=$(mktemp -d)
trap 'rm -r "$symbols"' EXIT
swift symbolgraph-extract -module-name Martlet -target "$(swiftc -print-target-info |
    sed -n 's/.*"triple": "\(.*\)",/\1/p' | head -1)" \
    -I "$products/Modules" -I "$products/CMartlet.build" \
    -I Sources/COpenBLAS -I Sources/CLLVM/include \
    -minimum-access-level public -skip-synthesized-members \
    -experimental-allowed-reexported-modules="$modules" -output-dir "$symbols"
mkdir -p "$output"
docc convert Sources/Martlet/Martlet.docc --additional-symbol-graph-dir "$symbols" \
    --output-path "$output" --fallback-display-name Martlet \
    --fallback-bundle-identifier martlet --warnings-as-errors
echo "made $output; to read it: python3 -m http.server --directory $output 8000"
echo "and http://localhost:8000/documentation/martlet"
