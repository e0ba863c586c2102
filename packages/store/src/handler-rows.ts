import { printable } from '@ackline/shared/printable';
import { isAlive, type ProcessorState } from './processors.ts';

/** What the processors that live say of a handler. */
export interface HandlerRow {
  /** Processors that run it, of those that should. */
  readonly ready: number;
  readonly processors: number;
  /** Why it, or what is newer of it, could not be loaded in one of them; null: nothing is known of a mistake. */
  readonly problem: string | null;
}

const MAX_PROBLEM_CHARS = 300;

/** By the names of their destinations. What has another form was written by another release: it says nothing here. */
export function handlerRows(processors: readonly ProcessorState[]): ReadonlyMap<string, HandlerRow> {
  const rows = new Map<string, HandlerRow>();
  for (const { state } of processors.filter(isAlive)) {
    for (const [name, handler] of Object.entries(asRecord(state['handlers']))) {
      const { state: kind, problem } = asRecord(handler);
      const before = rows.get(name) ?? { ready: 0, processors: 0, problem: null };
      rows.set(name, {
        ready: before.ready + (kind === 'ready' ? 1 : 0),
        processors: before.processors + 1,
        problem: before.problem ?? textOf(asRecord(problem)['detail']),
      });
    }
  }
  return rows;
}

/** Somewhere its work waits. */
export function isHeld({ ready, processors }: HandlerRow): boolean {
  return ready < processors;
}

export function heldBecause({ ready, processors, problem }: HandlerRow): string {
  const where = processors === 1 ? 'held' : `held in ${processors - ready} of ${processors} processors`;
  return `${where}: ${problem ?? 'its threads are starting'}`;
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? printable(value).slice(0, MAX_PROBLEM_CHARS) : null;
}
