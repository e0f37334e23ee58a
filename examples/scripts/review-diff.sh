#!/usr/bin/env bash
# A CI step that has a model look at the change of a branch, and never fails the build because of the model.
#
#     review-diff.sh [BASE]
#
# Prints the answer; what it cost goes to standard error. Exits with 0 also when nobody could be asked.
set -euo pipefail
base=${1:-origin/main}

change=$(git diff "$base")
code=0
answer=$(fased chat --json --max-tokens 2000 \
    "Review this change. Name what is wrong and where; say nothing about style." - <<<"$change") || code=$?

case $code in
    0)
        jq -r .text <<<"$answer"
        jq -r '"\(.receipt.model), $\((.receipt.costMicroDollars // 0) / 1e6)"' <<<"$answer" >&2
        ;;
    3) echo "no credential can be used: see fased models status" >&2 ;;
    4) echo "the provider refused or limited the request; it can be tried again later" >&2 ;;
    5) echo "the network failed" >&2 ;;
    *) jq -r '.error.message' <<<"$answer" >&2 ;;
esac
