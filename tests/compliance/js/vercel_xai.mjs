// The xAI realtime model of the Vercel AI SDK, by base URL and key.

import { createXai } from '@ai-sdk/xai';

import { ADDRESS, KEY } from './talking.mjs';
import { holdTalks } from './vercel_talk.mjs';

const xai = createXai({ baseURL: `https://${ADDRESS}/v1`, apiKey: KEY });
const model = 'grok-voice-latest';

const realtime = xai.experimental_realtime;

await holdTalks({
  model: realtime(model),
  token: () => realtime.getToken({ model }),
});
