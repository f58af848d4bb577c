// The OpenAI realtime model of the Vercel AI SDK, by base URL and key.

import { createOpenAI } from '@ai-sdk/openai';

import { ADDRESS, KEY } from './talking.mjs';
import { holdTalks } from './vercel_talk.mjs';

const openai = createOpenAI({ baseURL: `https://${ADDRESS}/v1`, apiKey: KEY });
const model = 'gpt-realtime';

const realtime = openai.experimental_realtime;

await holdTalks({
  model: realtime(model),
  token: () => realtime.getToken({ model }),
  wordsOnly: { outputModalities: ['text'] },
});
