#!/usr/bin/env bash
# Runs a program with a key of the gateway that exists for as long as it runs, and may spend so much.
#
#     with-gateway-key.sh DOLLARS PROGRAM [ARGUMENT...]
#
# The program finds the gateway and its key in the variables Anthropic's clients read. The gateway runs on this machine.
set -euo pipefail
dollars=${1:?"usage: with-gateway-key.sh DOLLARS PROGRAM [ARGUMENT...]"}
shift

url=$(fased gateway status --json | jq -r .url)
name=job-$$
trap 'fased gateway keys revoke "$name" --yes >/dev/null' EXIT
key=$(fased gateway keys add "$name" --cap-daily "$dollars")

ANTHROPIC_BASE_URL=$url ANTHROPIC_API_KEY=$key "$@"
