// OpenAI's own client for JavaScript over the `ws` package, by base URL and key; it insists on TLS.

import OpenAI from 'openai';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';

import { ADDRESS, KEY, NOISE, RATE_HZ, SILENCE, hold, until } from './talking.mjs';

const WEATHER = {
  type: 'function',
  name: 'weather',
  description: 'Tells the weather of a city.',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};

async function talking(modality, work) {
  const seen = { errors: [], audioBytes: 0, statuses: [], said: [], calls: [], truncated: [] };
  const client = new OpenAI({ baseURL: `https://${ADDRESS}/v1`, apiKey: KEY });
  const socket = new OpenAIRealtimeWS({ model: 'gpt-realtime' }, client);
  let item;
  socket.on('error', (error) => seen.errors.push(String(error)));
  socket.on('response.output_audio.delta', (event) => {
    seen.audioBytes += (event.delta.length * 3) / 4;
    item = event.item_id;
  });
  socket.on('response.output_audio_transcript.done', (event) => seen.said.push(event.transcript));
  socket.on('response.output_text.done', (event) => seen.said.push(event.text));
  socket.on('conversation.item.truncated', (event) => seen.truncated.push(event.audio_end_ms));
  socket.on('response.function_call_arguments.done', (event) => {
    seen.calls.push([event.name, event.arguments]);
    const output = { type: 'function_call_output', call_id: event.call_id, output: 'sunny in Bern' };
    socket.send({ type: 'conversation.item.create', item: output });
  });
  socket.on('response.done', (event) => {
    seen.statuses.push(event.response.status);
    if (event.response.output.some((one) => one.type === 'function_call')) socket.send({ type: 'response.create' });
  });
  await new Promise((resolve, reject) => {
    socket.socket.on('open', resolve);
    socket.socket.on('error', reject);
  });
  socket.send({ type: 'session.update', session: { type: 'realtime', output_modalities: [modality], tools: [WEATHER] } });
  try {
    await work(socket, seen, () => item);
    return seen;
  } finally {
    socket.close();
  }
}

const append = (socket, sound) => socket.send({ type: 'input_audio_buffer.append', audio: sound.toString('base64') });

const ask = (socket, text) => {
  const content = [{ type: 'input_text', text }];
  socket.send({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content } });
  socket.send({ type: 'response.create' });
};

await hold({
  spoken: () =>
    talking('audio', async (socket, seen) => {
      append(socket, NOISE);
      append(socket, SILENCE);
      await until(() => seen.statuses.length >= 1);
    }),
  written: () =>
    talking('text', async (socket, seen) => {
      ask(socket, 'Is the shop open?');
      await until(() => seen.statuses.length >= 1);
    }),
  function: () =>
    talking('audio', async (socket, seen) => {
      ask(socket, 'What is the weather in Bern?');
      await until(() => seen.statuses.length >= 2);
    }),
  barge_in: () =>
    talking('audio', async (socket, seen, item) => {
      ask(socket, 'Tell me a story.');
      await until(() => seen.audioBytes >= 3 * 2 * RATE_HZ);
      append(socket, NOISE);
      append(socket, SILENCE);
      await until(() => seen.statuses.length >= 1);
      socket.send({ type: 'conversation.item.truncate', item_id: item(), content_index: 0, audio_end_ms: 1500 });
      await until(() => seen.statuses.length >= 2);
    }),
});
