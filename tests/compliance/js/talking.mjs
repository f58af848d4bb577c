// What every script of this folder does: hold the talks at once, print a line of JSON for each. Ends with the process.

export const ADDRESS = process.env.ADDRESS;
export const KEY = process.env.KEY;
export const RATE_HZ = 24000;

const TALK_MS = 30000;

// A second of what the scripted ears call speech, and a second of nothing: 16-bit, 24 kHz.
export const NOISE = Buffer.alloc(RATE_HZ * 2);
for (let sample = 0, seed = 5; sample < RATE_HZ; sample++) {
  seed = (seed * 1103515245 + 12345) % 2147483648;
  NOISE.writeInt16LE((seed >> 8) % 9000, sample * 2);
}
export const SILENCE = Buffer.alloc(RATE_HZ * 2);

export async function until(done, what) {
  const end = Date.now() + TALK_MS;
  while (!done()) {
    if (Date.now() > end) throw new Error(`waited too long: ${what ?? done}`);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

export async function hold(talks) {
  const tell = async ([name, talk]) => {
    let told;
    try {
      told = await talk();
    } catch (error) {
      told = { failure: String(error?.stack ?? error) };
    }
    process.stdout.write(`${JSON.stringify({ talk: name, ...told })}\n`);
  };
  await Promise.all(Object.entries(talks).map(tell));
  process.exit(0);
}
