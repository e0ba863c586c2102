// A process of its own: who follows is on another machine, and takes nothing from the one that is measured.
import { constants, setPriority } from 'node:os';

export interface Follow {
  readonly apiUrl: string;
  readonly tokens: readonly string[];
  /** For each token. */
  readonly streams: number;
}

setPriority(constants.priority.PRIORITY_LOW);
const decoder = new TextDecoder();
let seen = 0;

async function open(apiUrl: string, token: string): Promise<ReadableStream<Uint8Array>> {
  const response = await fetch(`${apiUrl}/events/stream`, { headers: { authorization: `Bearer ${token}` } });
  if (response.status !== 200 || response.body === null) throw new Error(`the stream: ${response.status}`);
  return response.body;
}

async function follow(body: ReadableStream<Uint8Array>): Promise<void> {
  for await (const chunk of body)
    seen += decoder.decode(chunk, { stream: true }).split('event: stored').length - 1;
}

async function followAll({ apiUrl, tokens, streams }: Follow): Promise<void> {
  const bodies: ReadableStream<Uint8Array>[] = [];
  for (const token of tokens) for (let n = 0; n < streams; n += 1) bodies.push(await open(apiUrl, token));
  for (const body of bodies) void follow(body);
}

// Told what to follow, and then asked how much was seen.
process.on('message', (told: Follow | 'seen') => {
  const following = told === 'seen' ? Promise.resolve() : followAll(told);
  void following.then(() => process.send?.(seen));
});
