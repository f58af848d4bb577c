// The realtime session of the Vercel AI SDK outside a browser: what is played goes nowhere.

import { Experimental_AbstractRealtimeSession as AbstractRealtimeSession } from 'ai';
import { createServer } from 'node:http';

import { NOISE, RATE_HZ, SILENCE, hold, until } from './talking.mjs';

const WEATHER = {
  type: 'function',
  name: 'weather',
  description: 'Tells the weather of a city.',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};

globalThis.AudioContext = class {
  state = 'running';
  currentTime = 0;
  destination = {};
  resume = async () => {};
  close = async () => {};
  createBuffer = (channels, length, rate) => ({
    duration: length / rate,
    getChannelData: () => new Float32Array(length),
    copyToChannel: () => {},
  });
  createBufferSource = () => ({ connect() {}, disconnect() {}, start() {}, stop() {}, buffer: null, onended: null });
};

class Session extends AbstractRealtimeSession {
  setState(key, value) {
    this.state = { ...this.state, [key]: value };
  }
  get messages() {
    return this.state.messages;
  }
}

// The application's own endpoint: it keeps the key and hands a secret to each page.
async function application(token) {
  const server = createServer(async (request, response) => {
    try {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ ...(await token()), tools: [WEATHER] }));
    } catch (error) {
      response.statusCode = 500;
      response.end(JSON.stringify({ error: String(error) }));
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

async function talking(provider, config, work) {
  const seen = { asked: [], errors: [], audioBytes: 0, ends: 0, statuses: [], speechStarted: 0, heard: [], custom: [] };
  const server = await application(provider.token);
  const session = new Session({
    model: provider.model,
    api: { token: `http://127.0.0.1:${server.address().port}/` },
    sessionConfig: { instructions: 'You are friendly.', ...config },
    onToolCall: ({ toolCall }) => {
      seen.asked.push(toolCall.args.city);
      return `sunny in ${toolCall.args.city}`;
    },
    onError: (error) => seen.errors.push(String(error)),
    onEvent: (event) => {
      if (event.type === 'audio-delta') seen.audioBytes += (event.delta.length * 3) / 4;
      if (event.type === 'response-done') {
        seen.ends++;
        seen.statuses.push(event.status);
      }
      if (event.type === 'speech-started') seen.speechStarted++;
      if (event.type === 'input-transcription-completed') seen.heard.push(event.transcript);
      if (event.type === 'custom') seen.custom.push(event.rawType);
    },
  });
  try {
    await session.connect();
    await until(() => ['connected', 'error', 'disconnected'].includes(session.state.status), 'connected');
    if (session.state.status !== 'connected') throw new Error(`not connected: ${seen.errors}`);
    await work(session, seen);
    const texts = (role) =>
      session.messages
        .filter((message) => message.role === role)
        .map((message) => message.parts.map((part) => part.text ?? '').join(''));
    return { ...seen, said: texts('assistant'), asked_by: texts('user') };
  } finally {
    session.dispose();
    server.close();
  }
}

const speak = (session) => {
  session.sendAudio(NOISE.toString('base64'));
  session.sendAudio(SILENCE.toString('base64'));
};

// Only the session of the OpenAI model can be set to words; the xAI model asks for them with each response.
function write(provider, session, text) {
  if (provider.wordsOnly !== undefined) return session.sendTextMessage(text);
  session.sendEvent({ type: 'conversation-item-create', item: { type: 'text-message', role: 'user', text } });
  session.requestResponse({ modalities: ['text'] });
}

export function holdTalks(provider) {
  const listening = { inputAudioTranscription: {}, turnDetection: { type: 'server-vad' } };
  return hold({
    spoken: () =>
      talking(provider, listening, async (session, seen) => {
        speak(session);
        await until(() => seen.ends >= 1 && seen.heard.length >= 1);
      }),
    written: () =>
      talking(provider, provider.wordsOnly, async (session, seen) => {
        write(provider, session, 'Is the shop open?');
        await until(() => seen.ends >= 1);
      }),
    function: () =>
      talking(provider, {}, async (session, seen) => {
        session.sendTextMessage('What is the weather in Bern?');
        await until(() => seen.asked.length >= 1 && seen.ends >= 2);
      }),
    barge_in: () =>
      talking(provider, listening, async (session, seen) => {
        session.sendTextMessage('Tell me a story.');
        await until(() => seen.audioBytes >= 3 * 2 * RATE_HZ);
        speak(session);
        await until(() => seen.ends >= 2);
      }),
  });
}
