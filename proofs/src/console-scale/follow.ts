// A thread of its own: what clients do with what they get delays no answer that is measured.
import { parentPort, workerData } from 'node:worker_threads';

export interface Follow {
  readonly apiUrl: string;
  readonly tokens: readonly string[];
  /** For each token. */
  readonly streams: number;
}

const { apiUrl, tokens, streams }: Follow = workerData;
const decoder = new TextDecoder();

async function open(token: string): Promise<ReadableStream<Uint8Array>> {
  const response = await fetch(`${apiUrl}/events/stream`, { headers: { authorization: `Bearer ${token}` } });
  if (response.status !== 200 || response.body === null) throw new Error(`the stream: ${response.status}`);
  return response.body;
}

let seen = 0;
async function follow(body: ReadableStream<Uint8Array>): Promise<void> {
  for await (const chunk of body)
    seen += decoder.decode(chunk, { stream: true }).split('event: stored').length - 1;
}

const bodies: ReadableStream<Uint8Array>[] = [];
for (const token of tokens) for (let n = 0; n < streams; n += 1) bodies.push(await open(token));
for (const body of bodies) void follow(body);
parentPort?.on('message', () => parentPort?.postMessage(seen));
parentPort?.postMessage(seen);
