#!/usr/bin/env bash
# Lines of Swift for each target; names files of more than 400 lines and fails above 500.
set -euo pipefail
cd "$(dirname "$0")/.."

git ls-files --cached --others --exclude-standard -z '*.swift' | xargs -0 wc -l | awk '
    $2 == "total" { next }
    {
        lines = $1
        split($2, part, "/")
        folder = part[1] == "Sources" || part[1] == "Tests" || part[1] == "Benchmarks" \
            ? part[1] "/" part[2] : part[1]
        sum[folder] += lines
        total += lines
        if (lines > 500) { print "too long: " $2 ", " lines " lines (at most 500)"; failed = 1 }
        else if (lines > 400) print "long: " $2 ", " lines " lines (better at most 400)"
    }
    END {
        for (folder in sum) printf "%7d  %s\n", sum[folder], folder | "sort -k2"
        close("sort -k2")
        printf "%7d  lines of Swift\n", total
        exit failed
    }'
