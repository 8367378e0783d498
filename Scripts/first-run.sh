#!/usr/bin/env bash
# Trains the lesson's classifier on the embedded news and tries it: first-run.sh MARTLET
set -euo pipefail
martlet=${1:?usage: first-run.sh MARTLET}
cd "$(dirname "$0")/.."
model=output/news

mkdir -p output
"$martlet" summary ag-news-transformer
"$martlet" train ag-news-transformer --epochs 5 --batch-size 32 \
    --output "$model" --history output/history.json
echo
"$martlet" evaluate "$model"
echo
"$martlet" predict "$model" \
    --text "The striker scored twice as the home team won the final" \
    --text "Shares of the bank fell after it reported lower profits"
echo
echo "Try a sentence of your own:"
echo "    $martlet predict $model --text \"…\""
