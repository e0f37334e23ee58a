// Asks a gateway by Anthropic's SDK for Node. Prints what came of each thing as one JSON document.
//
// Arguments: the directory the SDK is installed in, base URL, and a JSON document with the keys of clients by the name of
// what they meet.

import { createRequire } from 'node:module';
import { join } from 'node:path';

const [directory, base, keysText] = process.argv.slice(2);
const Anthropic = createRequire(join(directory, 'here.js'))('@anthropic-ai/sdk').default;
const keys = JSON.parse(keysText);
const model = 'claude-haiku-4-5';
const messages = [{ role: 'user', content: '[sandbox:say one two three four five six seven]' }];

function client(who, maxRetries = 0) {
  const baseURL = who === 'main' || who === 'nobody' ? base : `${base}/agents/${who}`;
  return new Anthropic({ baseURL, apiKey: keys[who], maxRetries });
}

async function error(call) {
  try {
    await call();
  } catch (err) {
    return [err.constructor.name, err.status, err.error?.error?.type ?? null, Boolean(err.requestID)];
  }
  return 'no error';
}

const ask = (who, maxRetries = 0, more = {}) =>
  client(who, maxRetries).messages.create({ model, max_tokens: 64, messages, ...more });

const main = client('main');
const found = {};

const message = await ask('main');
found.plain = [message.content[0].text, message.model, message.stop_reason, message.usage.input_tokens > 0];

const stream = main.messages.stream({ model, max_tokens: 64, messages });
const pieces = [];
stream.on('text', (text) => pieces.push(text));
const final = await stream.finalMessage();
found.stream = [pieces.join(''), pieces.length > 1, final.content[0].text, final.stop_reason];

found.count = (await main.messages.countTokens({ model, messages })).input_tokens > 0;
const ids = [];
for await (const listed of main.models.list({ limit: 1000 })) ids.push(listed.id);
found.models = [ids.includes(model), (await main.models.retrieve(model)).id];

const bearer = new Anthropic({ baseURL: base, apiKey: null, authToken: keys.main, maxRetries: 0 });
found.bearer = (await bearer.messages.create({ model, max_tokens: 64, messages })).content[0].text;

found.errors = {
  request: await error(() => ask('main', 0, { temperature: 7 })),
  key: await error(() => ask('nobody')),
  permission: await error(() => ask('permission')),
  model: await error(() => ask('main', 0, { model: 'claude-no-such-model' })),
  limit: await error(() => ask('limit')),
  overloaded: await error(() => ask('overloaded')),
};

const started = performance.now();
found.retried = (await ask('once', 2)).content[0].text;
found.waited = performance.now() - started >= 1000;
found['not retried'] = await error(() => ask('final', 2));

console.log(JSON.stringify(found));
