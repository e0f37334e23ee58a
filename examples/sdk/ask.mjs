// Asks through the gateway with Anthropic's SDK for Node (npm install @anthropic-ai/sdk).
//
//     export ANTHROPIC_BASE_URL=http://127.0.0.1:18789
//     export ANTHROPIC_API_KEY=$(fased gateway keys add my-app)
//     node ask.mjs why is the sky blue
//
// The SDK reads both variables itself: a program that works with Anthropic's API works with the gateway unchanged.

import Anthropic from '@anthropic-ai/sdk';

const question = process.argv.slice(2).join(' ') || 'Why is the sky blue?';
const client = new Anthropic();

try {
  const stream = client.messages.stream({
    model: 'claude-haiku-4-5',
    max_tokens: 500,
    messages: [{ role: 'user', content: question }],
  });
  stream.on('text', (text) => process.stdout.write(text));
  const { usage } = await stream.finalMessage();
  console.error(`\n${usage.input_tokens} in, ${usage.output_tokens} out`);
} catch (error) {
  // Errors are Anthropic's own, or the gateway's in the same shape.
  if (!(error instanceof Anthropic.APIError)) throw error;
  console.error(`${error.status}: ${error.message}`);
  process.exitCode = 1;
}
