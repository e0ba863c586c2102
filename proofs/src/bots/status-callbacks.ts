// What Twilio tells of the messages that a bot sends: in no order, and often before the call that sent them is answered.
import { setTimeout as delay } from 'node:timers/promises';
import type { TwilioMessage } from '@ackline/testkit/fake-twilio';
import { Pool } from 'undici';
import type { FollowUps } from './bot-scenario.ts';
import { untilAccepted } from './conversations.ts';
import { type TwilioAccount, twilioMessage } from './twilio-message.ts';

export interface StatusCallbacks extends FollowUps, AsyncDisposable {
  onSent(message: TwilioMessage): void;
  /** What a message has in the end. */
  finalStatus(sid: string): string;
}

const ENDS = ['read', 'read', 'delivered', 'undelivered'];
const ERROR_OF_UNDELIVERED = '63016';
/** One of these after the message was sent: before it is answered, and long after. */
const WAITS_MS = [0, 20, 150, 400, 1_500];
const CONNECTIONS = 32;

export function createStatusCallbacks(account: TwilioAccount): StatusCallbacks {
  const underWay = new Set<Promise<void>>();
  let pool: Pool | null = null;
  let accepted = 0;

  async function send(message: TwilioMessage, status: string, waitMs: number): Promise<void> {
    await delay(waitMs);
    if (pool !== null && (await untilAccepted(pool, callback(message, status, account)))) accepted += 1;
  }

  return {
    onSent(message) {
      const number = Number(message.sid.slice(2));
      const told = statusesOf(number);
      for (const [index, status] of told.entries()) {
        const waitMs = WAITS_MS[(number * 7 + index * 3) % WAITS_MS.length] ?? 0;
        const sending = send(message, status, waitMs).finally(() => underWay.delete(sending));
        underWay.add(sending);
      }
    },
    finalStatus: sid => statusesOf(Number(sid.slice(2))).at(-1) ?? '',
    begin(baseUrl) {
      pool = new Pool(baseUrl, { connections: CONNECTIONS, pipelining: 1 });
    },
    accepted: () => (underWay.size === 0 ? accepted : null),
    async [Symbol.asyncDispose]() {
      await Promise.allSettled(underWay);
      await pool?.close();
    },
  };
}

/** In the order in which they happen. */
function statusesOf(number: number): readonly string[] {
  const end = ENDS[number % ENDS.length] ?? '';
  return end === 'read' ? ['sent', 'delivered', 'read'] : ['sent', end];
}

function callback({ sid, fields }: TwilioMessage, status: string, account: TwilioAccount) {
  const form = {
    MessageSid: sid,
    SmsSid: sid,
    MessageStatus: status,
    SmsStatus: status,
    From: fields['From'] ?? '',
    To: fields['To'] ?? '',
    ...(status === 'undelivered' ? { ErrorCode: ERROR_OF_UNDELIVERED } : {}),
  };
  return twilioMessage(`${sid} ${status}`, form, account);
}
