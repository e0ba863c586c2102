import { readDestinationStates, type DestinationState } from '@ackline/store/destination-states';
import { listPausedDestinations } from '@ackline/store/destinations';
import { isAlive, readProcessorStates } from '@ackline/store/processors';
import { countInbox, countWork, type OpenWork, type Waiting } from '@ackline/store/work-figures';
import type { Pool } from 'pg';

/** There may be several of a destination and state. */
export interface WorkRow extends Pick<OpenWork, 'destination' | 'count' | 'hasMore' | 'oldestS'> {
  readonly state: OpenWork['state'] | 'parked';
}

/** What PostgreSQL knows of the work, at one look. */
export interface StoreFigures {
  readonly work: readonly WorkRow[];
  readonly inbox: Waiting;
  /** Records of Kafka that are not stored yet, as the processors say; null: none of them reads it. */
  readonly kafkaLag: number | null;
  /** Processors whose heartbeat is fresh. */
  readonly processors: number;
  readonly paused: ReadonlySet<string>;
  readonly breakers: readonly DestinationState[];
  /** null: there is no file that says so. */
  readonly configured: ReadonlySet<string> | null;
}

/** `configured`: null where no file says so. */
export async function readStore(pool: Pool, configured: readonly string[] | null): Promise<StoreFigures> {
  const known = configured ?? [];
  const { open, parked } = await countWork(pool, known);
  // Parked work has no age that matters: it waits for a person.
  const work = [...open, ...parked.map(row => ({ ...row, state: 'parked' as const, oldestS: null }))];
  const inbox = await countInbox(pool);
  const alive = (await readProcessorStates(pool)).filter(isAlive);
  const paused = await listPausedDestinations(pool);
  const names = new Set([...known, ...work.map(({ destination }) => destination)]);
  const lags = alive.flatMap(({ state }) => kafkaLagOf(state));
  return {
    work,
    inbox,
    kafkaLag: lags.length === 0 ? null : lags.reduce((sum, lag) => sum + lag, 0),
    processors: alive.length,
    paused: new Set(paused.map(({ name }) => name)),
    breakers: await readDestinationStates(pool, [...names]),
    configured: configured === null ? null : new Set(configured),
  };
}

/** Of what a processor says of itself; another release may say it otherwise, or not. */
function kafkaLagOf(state: Readonly<Record<string, unknown>>): number[] {
  const intake: unknown = state['intake'];
  const kafka = typeof intake === 'object' && intake !== null && 'kafka' in intake ? intake.kafka : null;
  const lag = typeof kafka === 'object' && kafka !== null && 'lag' in kafka ? kafka.lag : null;
  return typeof lag === 'number' ? [lag] : [];
}
