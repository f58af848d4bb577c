// A client of the beta dialect that keeps the conversation itself, by URL and key.

import { RealtimeClient } from 'openai-realtime-api';

import { ADDRESS, KEY, NOISE, RATE_HZ, SILENCE, hold, until } from './talking.mjs';

async function talking(session, work) {
  const seen = { asked: [], errors: [], kinds: [], audioSamples: 0, statuses: [], interrupted: 0 };
  const client = new RealtimeClient({ url: `ws://${ADDRESS}/v1/realtime`, apiKey: KEY, sessionConfig: session });
  client.addTool(
    {
      type: 'function',
      name: 'weather',
      description: 'Tells the weather of a city.',
      parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
    },
    async ({ city }) => {
      seen.asked.push(city);
      return `sunny in ${city}`;
    },
  );
  client.on('error', (event) => seen.errors.push(JSON.stringify(event)));
  client.realtime.on('server.*', (event) => {
    seen.kinds.push(event.type);
    if (event.type === 'response.done') seen.statuses.push(event.response.status);
  });
  client.on('conversation.updated', ({ delta }) => (seen.audioSamples += delta?.audio?.length ?? 0));
  client.on('conversation.interrupted', () => {
    seen.interrupted++;
    const story = client.conversation.getItems().findLast((item) => item.role === 'assistant');
    // Half of what came was played.
    if (story) client.cancelResponse(story.id, Math.floor(seen.audioSamples / 2));
  });
  await client.connect();
  await client.waitForSessionCreated();
  try {
    await work(client, seen);
    const items = client.conversation.getItems();
    return { ...seen, items: items.map(({ role, type, status, formatted }) => ({ role, type, status, formatted: { text: formatted.text, transcript: formatted.transcript } })) };
  } finally {
    client.disconnect();
  }
}

const array = (buffer) => buffer.buffer.slice(buffer.byteOffset, buffer.byteOffset + buffer.byteLength);

const speak = (client) => {
  client.appendInputAudio(array(NOISE));
  client.appendInputAudio(array(SILENCE));
};

const say = (client, text) => client.sendUserMessageContent([{ type: 'input_text', text }]);

const LISTENING = { turn_detection: { type: 'server_vad' }, input_audio_transcription: { model: 'whisper-1' } };

await hold({
  spoken: () =>
    talking(LISTENING, async (client, seen) => {
      speak(client);
      await until(() => seen.statuses.length >= 1);
    }),
  written: () =>
    talking({ modalities: ['text'] }, async (client, seen) => {
      say(client, 'Is the shop open?');
      await until(() => seen.statuses.length >= 1);
    }),
  function: () =>
    talking({ modalities: ['text'] }, async (client, seen) => {
      say(client, 'What is the weather in Bern?');
      await until(() => seen.asked.length >= 1 && seen.statuses.length >= 2);
    }),
  barge_in: () =>
    talking(LISTENING, async (client, seen) => {
      say(client, 'Tell me a story.');
      await until(() => seen.audioSamples >= 3 * RATE_HZ);
      speak(client);
      await until(() => seen.statuses.length >= 2);
    }),
});
