import { setTimeout as delay } from 'node:timers/promises';
import { Agent } from 'undici';
import { TOKEN } from './system.ts';

/** One request as its sender saw it. */
export interface Sent {
  readonly updateId: number;
  readonly chat: number;
  /** The HTTP status; null where the connection broke or nothing came. */
  readonly status: number | null;
  /** Milliseconds since the start of the load. */
  readonly at: number;
  readonly ms: number;
}

export interface LoadOptions {
  readonly url: string;
  readonly events: number;
  readonly chats: number;
  /** Requests at a time; each chat belongs to one sender, which sends its next update after the answer to the one before. */
  readonly senders: number;
  /** Events a second over all senders; null: as fast as they are answered. */
  readonly rate: number | null;
  /** An update that was not answered 200 is sent again, as Telegram does, this often at most. 0: never. */
  readonly resends: number;
  readonly onProgress?: (acked: number) => void;
  readonly stop?: AbortSignal;
}

const REQUEST_LIMIT_MS = 10_000;
const RESEND_WAIT_MS = 100;
const FIRST_UPDATE_ID = 100_000_000;

/** Sends Telegram updates, in order within each chat; every request is in the result. */
export async function sendUpdates(options: LoadOptions): Promise<readonly Sent[]> {
  const agent = new Agent({ connections: options.senders, pipelining: 1, keepAliveTimeout: 30_000 });
  const startedAt = performance.now();
  const sent: Sent[] = [];
  let next = 0;
  let acked = 0;

  async function sendOnce(updateId: number, chat: number): Promise<boolean> {
    const from = performance.now();
    const status = await post(agent, options.url, { updateId, chat });
    const now = performance.now();
    sent.push({ updateId, chat, status, at: from - startedAt, ms: now - from });
    if (status !== 200) return false;
    acked += 1;
    options.onProgress?.(acked);
    return true;
  }

  async function sender(index: number): Promise<void> {
    const chatsOfSender = Math.max(1, Math.floor(options.chats / options.senders));
    for (let turn = 0; next < options.events && options.stop?.aborted !== true; turn += 1) {
      const number = next;
      next += 1;
      if (options.rate !== null)
        await delay(Math.max(0, startedAt + (number * 1000) / options.rate - performance.now()));
      const chat = 1 + index + options.senders * (turn % chatsOfSender);
      for (let send = 0; send <= options.resends; send += 1) {
        if (await sendOnce(FIRST_UPDATE_ID + number, chat)) break;
        if (send < options.resends) await delay(RESEND_WAIT_MS);
      }
    }
  }

  await Promise.all(Array.from({ length: options.senders }, (_, index) => sender(index)));
  await agent.destroy();
  return sent;
}

async function post(
  agent: Agent,
  url: string,
  update: { updateId: number; chat: number },
): Promise<number | null> {
  const { origin, pathname } = new URL(url);
  try {
    const response = await agent.request({
      origin,
      path: pathname,
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-telegram-bot-api-secret-token': TOKEN },
      body: updateBody(update),
      signal: AbortSignal.timeout(REQUEST_LIMIT_MS),
    });
    await response.body.dump();
    return response.statusCode;
  } catch {
    return null; // what broke is the matter of the run, not of the sender
  }
}

/** So that an update has about 700 bytes, as a usual text message of a group. */
const TEXT_LENGTH = 430;

export function updateBody(
  { updateId, chat }: { updateId: number; chat: number },
  textLength = TEXT_LENGTH,
): string {
  const from = { id: chat, is_bot: false, first_name: 'Ada', username: 'ada_l', language_code: 'en' };
  const message = {
    message_id: updateId % 1_000_000,
    from,
    chat: { id: chat, type: 'private', first_name: 'Ada' },
    date: 1_790_000_000,
    text: `Hello, this is update ${updateId}. ${'x'.repeat(textLength)}`,
  };
  return `{"update_id":${updateId},\n"message":${JSON.stringify(message)}}`;
}

export function percentile(values: readonly number[], fraction: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? Number.NaN;
}
