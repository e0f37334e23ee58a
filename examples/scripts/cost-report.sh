#!/usr/bin/env bash
# What the last days cost, by model, and whether that is more than was meant.
#
#     cost-report.sh DAYS LIMIT_IN_DOLLARS
#
# Exits with 1 when it is more. Costs are exact micro-dollars; "at least" stands where an answer's price is not known.
set -euo pipefail
days=${1:?"usage: cost-report.sh DAYS LIMIT_IN_DOLLARS"}
limit=${2:?"usage: cost-report.sh DAYS LIMIT_IN_DOLLARS"}

usage=$(fased usage --since "${days}d" --by model --json)

dollars='def dollars: (. // 0) / 1e4 | round | "$\(. / 100 | floor).\("0\(. % 100)"[-2:])";'
jq -r "$dollars"' .buckets[] | "\(.key)\t\(.costMicroDollars | dollars)\t\(.requests) requests"' <<<"$usage"
jq -r "$dollars"' .totals | "total\t\(if .costKnown then "" else "at least " end)\(.costMicroDollars | dollars)"' <<<"$usage"

if jq -e --argjson limit "$limit" '(.totals.costMicroDollars // 0) > $limit * 1e6' <<<"$usage" >/dev/null; then
    echo "that is more than \$$limit" >&2
    exit 1
fi
