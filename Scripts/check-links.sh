#!/usr/bin/env bash
# Every relative link in a Markdown file must lead to a file that exists.
set -euo pipefail
cd "$(dirname "$0")/.."

failed=0
while IFS= read -r -d '' page; do
    while IFS= read -r target; do
        case $target in
            http://* | https://* | mailto:* | '#'* | doc:*) continue ;;
        esac
        path=$(dirname "$page")/${target%%#*}
        if [ ! -e "$path" ]; then
            echo "$page: the link to $target leads nowhere" >&2
            failed=1
        fi
    done < <(sed '/^```/,/^```/d' "$page" | grep -oE '\]\([^) ]+\)' | sed -E 's/^\]\((.*)\)$/\1/')
done < <(git ls-files --cached --others --exclude-standard -z '*.md')
exit $failed
