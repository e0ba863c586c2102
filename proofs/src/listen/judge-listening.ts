import type { CountingReceiver } from '../counting-receiver.ts';

export interface ListenFigures {
  readonly accepted: number;
  /** Of these, at the server at least once. */
  readonly reached: number;
  /** Must be 0. */
  readonly skipped: number;
  /** First arrivals behind a later one of their chat: must be 0. */
  readonly outOfOrder: number;
  /** Beyond the first: at least once, so allowed. */
  readonly again: number;
  readonly faults: readonly string[];
  readonly sentSeconds: number;
  /** From the start of the load to the last first arrival. */
  readonly arrivedSeconds: number;
  readonly broken: readonly string[];
}

export interface Listened {
  readonly accepted: ReadonlySet<number>;
  readonly receiver: Pick<CountingReceiver, 'byChat' | 'counts'>;
  readonly faults: readonly string[];
  /** Of the listener, ended by SIGTERM. */
  readonly exitCode: number | null;
  readonly sentAfterMs: number;
  readonly arrivedAfterMs: number;
}

export function judgeListening(listened: Listened): ListenFigures {
  const { accepted, receiver, faults, exitCode, sentAfterMs, arrivedAfterMs } = listened;
  const skipped = [...accepted].filter(id => !receiver.counts.has(id)).length;
  const outOfOrder = countOutOfOrder(receiver.byChat);
  const again = [...receiver.counts.values()].reduce((sum, count) => sum + count - 1, 0);
  const broken = [
    ...(skipped > 0 ? [`${skipped} events never reached the server`] : []),
    ...(outOfOrder > 0 ? [`${outOfOrder} came behind a later one of their chat`] : []),
    ...(exitCode === 0 ? [] : [`the listener ended with ${exitCode}`]),
  ];
  return {
    accepted: accepted.size,
    reached: accepted.size - skipped,
    skipped,
    outOfOrder,
    again,
    faults,
    sentSeconds: sentAfterMs / 1_000,
    arrivedSeconds: arrivedAfterMs / 1_000,
    broken,
  };
}

/** Ids of a chat are sent in order, one after the other. A repeat may come behind later ones. */
function countOutOfOrder(byChat: ReadonlyMap<number, readonly number[]>): number {
  let late = 0;
  for (const arrivals of byChat.values()) {
    let newest = -1;
    for (const id of new Set(arrivals)) {
      if (id < newest) late += 1;
      newest = Math.max(newest, id);
    }
  }
  return late;
}
