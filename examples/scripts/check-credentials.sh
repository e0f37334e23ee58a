#!/usr/bin/env bash
# For cron and CI: says something only when the credential an agent uses needs a look.
#
#     check-credentials.sh [AGENT]
#
# Exit codes are those of `fased models status --check`: 0 healthy, 1 missing or expired, 2 ends within a day.
set -euo pipefail
agent=${1:-main}

code=0
status=$(fased models status --check --json --agent "$agent") || code=$?

case $code in
    0) exit 0 ;;
    1) echo "agent $agent: no credential can be used" ;;
    2) echo "agent $agent: a credential ends within a day" ;;
    *) echo "agent $agent: the status cannot be told" ;;
esac >&2

# Each finding has the commands that mend it, and so has a failure.
jq -r '(.findings // [.error])[] | .message, ((.commands // [])[] | "    " + .)' <<<"$status" >&2
exit "$code"
