// The Agents SDK for JavaScript over its WebSocket transport, with one function tool, by URL and key.

import { OpenAIRealtimeWebSocket, RealtimeAgent, RealtimeSession, tool } from '@openai/agents-realtime';
import { z } from 'zod';

import { ADDRESS, KEY, NOISE, RATE_HZ, SILENCE, hold, until } from './talking.mjs';

async function talking(modality, work) {
  const seen = { asked: [], errors: [], audioBytes: 0, ends: 0, interruptions: 0, generic: [], history: [] };
  const weather = tool({
    name: 'weather',
    description: 'Tells the weather of a city.',
    parameters: z.object({ city: z.string() }),
    execute: async ({ city }) => {
      seen.asked.push(city);
      return `sunny in ${city}`;
    },
  });
  const agent = new RealtimeAgent({ name: 'Ana', instructions: 'You are friendly.', tools: [weather] });
  const transport = new OpenAIRealtimeWebSocket({ url: `ws://${ADDRESS}/v1/realtime?model=gpt-realtime` });
  const session = new RealtimeSession(agent, { transport, config: { outputModalities: [modality] } });
  session.on('error', (event) => seen.errors.push(String(event.error?.message ?? JSON.stringify(event.error))));
  session.on('audio', (event) => (seen.audioBytes += event.data.byteLength));
  session.on('agent_end', () => seen.ends++);
  session.on('audio_interrupted', () => seen.interruptions++);
  session.on('history_updated', (history) => (seen.history = history));
  await session.connect({ apiKey: KEY });
  try {
    await work(session, seen);
    return seen;
  } finally {
    session.close();
  }
}

const array = (buffer) => buffer.buffer.slice(buffer.byteOffset, buffer.byteOffset + buffer.byteLength);

await hold({
  spoken: () =>
    talking('audio', async (session, seen) => {
      session.sendAudio(array(NOISE));
      session.sendAudio(array(SILENCE));
      await until(() => seen.ends >= 1 && seen.history.length >= 2);
    }),
  written: () =>
    talking('text', async (session, seen) => {
      session.sendMessage('Is the shop open?');
      await until(() => seen.ends >= 1);
    }),
  function: () =>
    talking('audio', async (session, seen) => {
      session.sendMessage('What is the weather in Bern?');
      await until(() => seen.asked.length >= 1 && seen.ends >= 2);
    }),
  barge_in: () =>
    talking('audio', async (session, seen) => {
      session.sendMessage('Tell me a story.');
      await until(() => seen.audioBytes >= 3 * 2 * RATE_HZ);
      session.sendAudio(array(NOISE));
      session.sendAudio(array(SILENCE));
      await until(() => seen.ends >= 2);
    }),
});
