import type { Check, HandledMessage } from './bot-scenario.ts';

/** Whatever a bot is for. */
export function judgeHandling(messages: readonly HandledMessage[], sent: number): readonly Check[] {
  const lost = messages.filter(({ stored }) => stored === 0).length;
  const twice = messages.filter(({ stored }) => stored > 1).length;
  const open = messages.filter(({ state }) => state !== 'delivered').length;
  return [
    {
      name: 'every message is accepted',
      holds: messages.length === sent && sent > 0,
      figure: `${messages.length} of ${sent}`,
    },
    {
      name: 'every accepted message is stored once',
      holds: lost + twice === 0,
      figure: `${lost} lost, ${twice} twice`,
    },
    { name: 'every accepted message is handled', holds: open === 0, figure: `${open} not delivered` },
  ];
}

/** A reply, by the message that it answers. */
export interface Reply {
  readonly key: string;
  /** null: it answers none. */
  readonly index: number | null;
}

/** What may have ended in the middle of a message. */
export interface Interruptions {
  readonly kills: number;
  /** Messages at a time, of the bot's destination. */
  readonly concurrency: number;
}

/** `replies` in the order in which they came; every message wants one. */
export function judgeReplies(
  messages: readonly HandledMessage[],
  replies: readonly Reply[],
  { kills, concurrency }: Interruptions,
): readonly Check[] {
  const times = new Map<string, number>();
  const newest = new Map<string, number>();
  let stray = 0;
  let late = 0;
  for (const { key, index } of replies) {
    if (index === null) {
      stray += 1;
      continue;
    }
    times.set(`${key} ${index}`, (times.get(`${key} ${index}`) ?? 0) + 1);
    if (index < (newest.get(key) ?? -1)) late += 1;
    newest.set(key, Math.max(index, newest.get(key) ?? -1));
  }
  const twice = [...times.values()].filter(count => count > 1).length;
  const missing = messages.filter(({ key, index }) => !times.has(`${key} ${index}`));
  const unexplained = missing.filter(({ uncertain }) => uncertain === 0).length;
  const uncertain = messages.filter(message => message.uncertain > 0).length;
  const mostUncertain = kills * concurrency;
  return [
    {
      name: 'no message is replied to twice',
      holds: twice === 0,
      figure: `${twice} of ${replies.length} replies`,
    },
    {
      name: 'replies of a chat come in the order of its messages',
      holds: late === 0,
      figure: `${late} late`,
    },
    { name: 'a reply answers a message', holds: stray === 0, figure: `${stray} that answer none` },
    {
      name: 'a reply that is missing is one that may have been sent',
      holds: unexplained === 0,
      figure: `${missing.length} missing, ${unexplained} of them unexplained`,
    },
    {
      name: 'no more messages are uncertain than were being handled at the kills',
      holds: uncertain <= mostUncertain,
      figure: `${uncertain} once.uncertain; ${mostUncertain} at most`,
    },
  ];
}

/** A call of a provider's API, by what the provider's limit is for. */
export interface LimitedCall {
  readonly key: string;
  /** Milliseconds. */
  readonly at: number;
  /** It was refused with this wait; null: it was not. */
  readonly retryAfterMs: number | null;
}

/** What a timer may be early by, and an arrival rounded. */
const CLOCK_MS = 5;

/** `calls` in the order in which they came. */
export function judgeRefusals(calls: readonly LimitedCall[]): Check {
  const until = new Map<string, number>();
  const waits = new Map<number, number>();
  let early = 0;
  for (const { key, at, retryAfterMs } of calls) {
    if (at + CLOCK_MS < (until.get(key) ?? 0)) early += 1;
    if (retryAfterMs === null) continue;
    waits.set(retryAfterMs, (waits.get(retryAfterMs) ?? 0) + 1);
    until.set(key, Math.max(until.get(key) ?? 0, at + retryAfterMs));
  }
  const told = [...waits]
    .toSorted(([a], [b]) => a - b)
    .map(([ms, count]) => `${ms / 1_000} s: ${count}`)
    .join(', ');
  return {
    name: 'a 429 is honoured',
    holds: early === 0 && waits.size > 0,
    figure: `${calls.length} calls, refused for ${told}; ${early} came again too early`,
  };
}

export interface CacheUse {
  readonly hits: number;
  readonly misses: number;
  /** Values that were needed, each many times. */
  readonly keys: number;
  /** Calls of the API for them. */
  readonly loads: number;
  /** Messages that needed one. */
  readonly uses: number;
}

/** What was kept may have gone with each processor that was killed, and no more often. */
export function judgeCache({ hits, misses, keys, loads, uses }: CacheUse, kills: number): Check {
  const most = keys * (1 + kills);
  const rate = (part: number, whole: number) => `${((100 * part) / Math.max(1, whole)).toFixed(1)} %`;
  return {
    name: 'calls of the API are cached',
    holds: loads > 0 && loads <= most && loads < uses,
    figure: `${loads} calls for ${uses} uses (${rate(uses - loads, uses)} hits), ${most} allowed; metrics: ${hits} hits, ${misses} misses (${rate(hits, hits + misses)})`,
  };
}
