// What chats send: conversations begin at a steady rate, whether or not those before are over.
import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';
import { isAccepted } from '../paced-load.ts';
import type { BotMessage, Conversation } from './bot-scenario.ts';

export interface ConversationsOptions {
  readonly baseUrl: string;
  readonly conversations: readonly Conversation[];
  /** Conversations that begin, a second. */
  readonly rate: number;
}

/** A message that was accepted. */
export interface AcceptedMessage {
  readonly id: string;
  readonly key: string;
  readonly index: number;
}

/** From the answer to one message to the next one: people who know the way press again before they are answered. */
const PAUSES_MS = [50, 400, 1_500];
/** Every so many-th accepted message is sent once more, as it was: its provider missed the answer. */
const REPEAT_EVERY = 20;
const RESENDS = 30;
const RESEND_WAIT_MS = 1_000;
const REQUEST_LIMIT_MS = 10_000;
const CONNECTIONS = 64;

/** Resolves when all has been sent; what was not accepted after half a minute is given up, with the rest of its conversation. */
export async function sendConversations(options: ConversationsOptions): Promise<readonly AcceptedMessage[]> {
  const { baseUrl, conversations, rate } = options;
  const pool = new Pool(baseUrl, { connections: CONNECTIONS, pipelining: 1 });
  const accepted: AcceptedMessage[] = [];

  async function converse({ key, messages }: Conversation, number: number): Promise<void> {
    await delay((number * 1_000) / rate);
    for (const [index, message] of messages.entries()) {
      if (!(await untilAccepted(pool, message))) return;
      accepted.push({ id: message.id, key, index });
      if (accepted.length % REPEAT_EVERY === 0) await post(pool, message);
      await delay(PAUSES_MS[(number + index) % PAUSES_MS.length]);
    }
  }
  await Promise.all(conversations.map(converse));
  await pool.close();
  return accepted;
}

/** False: it was sent for half a minute, and given up. */
export async function untilAccepted(pool: Pool, message: BotMessage): Promise<boolean> {
  for (let sends = 0; sends <= RESENDS; sends += 1) {
    if (isAccepted(await post(pool, message))) return true;
    await delay(RESEND_WAIT_MS);
  }
  return false;
}

async function post(pool: Pool, { path, headers, body }: BotMessage): Promise<number | null> {
  try {
    const signal = AbortSignal.timeout(REQUEST_LIMIT_MS);
    const response = await pool.request({ path, method: 'POST', headers, body, signal });
    await response.body.dump();
    return response.statusCode;
  } catch {
    return null; // what broke is the matter of the run, not of the sender
  }
}
