import type { OutboundCalls, ThreadFigures } from '../thread/figures.ts';
import type { Exchanged } from './exchange.ts';

/** Counts exchanges by origin and outcome. */
export interface CallTally {
  count(origin: string, exchanged: Exchanged, ms: number): void;
  /** It waited for a connection. */
  waited(ms: number): void;
  figures(): Pick<ThreadFigures['http'], 'calls' | 'waits'>;
}

/** Where a handler calls what its events name, the later ones are counted together. */
export const MAX_ORIGINS = 100;
export const OTHERS = 'other';

export function createCallTally(): CallTally {
  const origins = new Set<string>();
  const calls = new Map<
    string,
    { origin: string; outcome: OutboundCalls['outcome']; count: number; totalMs: number }
  >();
  const waits = { count: 0, totalMs: 0 };
  return {
    count(given, exchanged, ms) {
      if (origins.size < MAX_ORIGINS) origins.add(given);
      const origin = origins.has(given) ? given : OTHERS;
      const outcome = outcomeOf(exchanged);
      const key = `${origin} ${outcome}`;
      const row = calls.get(key) ?? { origin, outcome, count: 0, totalMs: 0 };
      row.count += 1;
      row.totalMs += ms;
      calls.set(key, row);
    },
    waited(ms) {
      waits.count += 1;
      waits.totalMs += ms;
    },
    figures: () => ({
      calls: [...calls.values()].map(row => ({ ...row, totalMs: Math.round(row.totalMs) })),
      waits: { ...waits, totalMs: Math.round(waits.totalMs) },
    }),
  };
}

function outcomeOf(exchanged: Exchanged): OutboundCalls['outcome'] {
  if (exchanged.kind === 'failed') return 'error';
  const { status } = exchanged.answer;
  if (status === 429) return '429';
  if (status >= 500) return '5xx';
  if (status >= 400) return '4xx';
  return status >= 300 ? '3xx' : '2xx';
}
