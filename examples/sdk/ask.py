"""Asks through the gateway with Anthropic's SDK for Python (pip install anthropic).

    export ANTHROPIC_BASE_URL=http://127.0.0.1:18789
    export ANTHROPIC_API_KEY=$(fased gateway keys add my-app)
    python ask.py why is the sky blue

The SDK reads both variables itself: a program that works with Anthropic's API works with the gateway unchanged.
"""

import sys

import anthropic

question = " ".join(sys.argv[1:]) or "Why is the sky blue?"
client = anthropic.Anthropic()

try:
    with client.messages.stream(
        model="claude-haiku-4-5",
        max_tokens=500,
        messages=[{"role": "user", "content": question}],
    ) as stream:
        for text in stream.text_stream:
            print(text, end="", flush=True)
        usage = stream.get_final_message().usage
except anthropic.APIStatusError as error:
    # Errors are Anthropic's own, or the gateway's in the same shape.
    sys.exit(f"{error.status_code}: {error.message}")

print(f"\n{usage.input_tokens} in, {usage.output_tokens} out", file=sys.stderr)
