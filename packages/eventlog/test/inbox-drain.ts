import type { InboxPeek, PastPeek, PeekPast } from '@ackline/store/inbox';
import { createInboxConsumer, type InboxConsumerOptions } from '../src/inbox-consumer.ts';

const silent = { warn: () => undefined, info: () => undefined } as never;

export function rows(count: number, from = 1): InboxPeek[] {
  return Array.from({ length: count }, (_, i) => ({
    n: String(from + i),
    keyHash: (from + i) % 7,
    afterOffset: -1n,
    ageMs: 1,
    bodyBytes: 100,
  }));
}

/** As the store does it. */
export function peekPast(inbox: readonly InboxPeek[], { afterN, waits, window, limit }: PeekPast): PastPeek {
  const walked = inbox.filter(row => Number(row.n) > Number(afterN)).slice(0, window);
  const passed = new Set(inbox.filter(row => Number(row.n) <= Number(afterN)).map(row => row.keyHash));
  const found: InboxPeek[] = [];
  for (const row of walked) {
    const lane = row.keyHash % waits.stored.length;
    const waitsLong = row.ageMs < waits.maxAgeMs || row.afterOffset < waits.longUntil[lane]!;
    if (row.afterOffset >= waits.stored[lane]! && waitsLong) passed.add(row.keyHash);
    if (!passed.has(row.keyHash)) found.push(row);
  }
  const rows = found.slice(0, limit);
  const end = walked.length < window ? null : (walked.at(-1)?.n ?? null);
  return { rows, nextN: rows.length === limit ? (rows.at(-1)?.n ?? null) : end };
}

/** Runs the consumer over an inbox in memory until it is empty, or until `until` says so. */
export async function drain(
  options: Partial<InboxConsumerOptions> & {
    inbox: InboxPeek[];
    until?: () => boolean;
    stop?: AbortController;
  },
) {
  const { inbox, until = () => inbox.length === 0, stop = new AbortController(), ...rest } = options;
  const stored: string[][] = [];
  const consumer = createInboxConsumer({
    peek: async limit => {
      if (until()) stop.abort();
      return inbox.slice(0, limit);
    },
    peekPast: async look => peekPast(inbox, look),
    lanes: () => 1,
    watermarks: null,
    readOffsets: async () => [],
    readStanding: async () => [],
    async storeInbox(ns) {
      stored.push([...ns]);
      const taken = inbox.filter(row => ns.includes(row.n));
      inbox.splice(0, inbox.length, ...inbox.filter(row => !ns.includes(row.n)));
      return taken.length;
    },
    log: silent,
    ...rest,
  });
  await consumer.run(stop.signal);
  return { stored, snapshot: consumer.snapshot() };
}
