"""Asks a gateway by Anthropic's Python SDK. Prints what came of each thing as one JSON document.

Arguments: base URL, and a JSON document with the keys of clients by the name of what they meet.
"""

import json
import sys
import time

import anthropic

BASE, KEYS = sys.argv[1], json.loads(sys.argv[2])
MODEL = "claude-haiku-4-5"
HELLO = [{"role": "user", "content": "[sandbox:say one two three four five six seven]"}]


def client(who, retries=0, **more):
    base = BASE if who in ("main", "nobody") else f"{BASE}/agents/{who}"
    return anthropic.Anthropic(base_url=base, api_key=KEYS[who], max_retries=retries, **more)


def error(call):
    try:
        call()
    except anthropic.APIStatusError as err:
        body = err.body if isinstance(err.body, dict) else {}
        return [type(err).__name__, err.status_code, body.get("error", {}).get("type"), bool(err.request_id)]
    return "no error"


def ask(who, retries=0, model=MODEL, **more):
    return client(who, retries).messages.create(model=model, max_tokens=64, messages=HELLO, **more)


main = client("main")
found = {}

message = ask("main")
found["plain"] = [message.content[0].text, message.model, message.stop_reason, message.usage.input_tokens > 0]

with main.messages.stream(model=MODEL, max_tokens=64, messages=HELLO) as stream:
    pieces = list(stream.text_stream)
    final = stream.get_final_message()
found["stream"] = ["".join(pieces), len(pieces) > 1, final.content[0].text, final.stop_reason]

found["count"] = main.messages.count_tokens(model=MODEL, messages=HELLO).input_tokens > 0
ids = [model.id for model in main.models.list(limit=1000)]
found["models"] = [MODEL in ids, main.models.retrieve(MODEL).id]

bearer = anthropic.Anthropic(base_url=BASE, api_key=None, auth_token=KEYS["main"], max_retries=0)
found["bearer"] = bearer.messages.create(model=MODEL, max_tokens=64, messages=HELLO).content[0].text

found["errors"] = {
    "request": error(lambda: ask("main", extra_body={"temperature": 7})),
    "key": error(lambda: ask("nobody")),
    "permission": error(lambda: ask("permission")),
    "model": error(lambda: ask("main", model="claude-no-such-model")),
    "limit": error(lambda: ask("limit")),
    "overloaded": error(lambda: ask("overloaded")),
}

started = time.monotonic()
found["retried"] = ask("once", retries=2).content[0].text
found["waited"] = time.monotonic() - started >= 1.0
found["not retried"] = error(lambda: ask("final", retries=2))

print(json.dumps(found))
