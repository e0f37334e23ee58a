#!/usr/bin/env bash
# Puts a new API key in the place of an old one. The new key comes on standard input and is tried first: when the API does
# not take it, the old one stays as it is.
#
#     vault read -field=key claude/new | rotate-key.sh anthropic:work [AGENT]
set -euo pipefail
profile=${1:?"usage: rotate-key.sh PROFILE [AGENT] < key"}
agent=${2:-main}

code=0
answer=$(fased onboard --api-key-stdin --verify --profile-id "$profile" --agent "$agent" --json) || code=$?

case $code in
    0)
        if [ "$(jq -r .changed <<<"$answer")" = true ]; then
            echo "$profile of agent $agent has the new key; the old one can be revoked in the Console"
        else
            echo "$profile of agent $agent had that key already"
        fi
        ;;
    4) echo "the API does not take the new key; $profile keeps the old one" >&2 ;;
    5) echo "the API cannot be reached; $profile keeps the old key" >&2 ;;
    *) jq -r '.error.message' <<<"$answer" >&2 ;;
esac
exit "$code"
