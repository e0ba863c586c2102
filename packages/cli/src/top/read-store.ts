import { readDestinationStates, type DestinationState } from '@ackline/store/destination-states';
import { listPausedDestinations } from '@ackline/store/destinations';
import { type InboxDepth, type OpenWork, readInboxDepth, readOpenWork } from '@ackline/store/open-work';
import { PROCESSOR_GONE_MS, readProcessorStates } from '@ackline/store/processors';
import type { Pool } from 'pg';

/** What PostgreSQL knows of the work, at one look. */
export interface StoreFigures {
  readonly work: readonly OpenWork[];
  readonly inbox: InboxDepth;
  /** Records of Kafka that are not stored yet, as the processors say; null: none of them reads it. */
  readonly kafkaLag: number | null;
  /** Processors whose heartbeat is fresh. */
  readonly processors: number;
  readonly paused: ReadonlySet<string>;
  readonly breakers: readonly DestinationState[];
}

export async function readStore(
  pool: Pick<Pool, 'query'>,
  configured: readonly string[],
): Promise<StoreFigures> {
  const work = await readOpenWork(pool);
  const inbox = await readInboxDepth(pool);
  const alive = (await readProcessorStates(pool)).filter(({ ageMs }) => ageMs < PROCESSOR_GONE_MS);
  const paused = await listPausedDestinations(pool);
  const names = new Set([...configured, ...work.map(({ destination }) => destination)]);
  const lags = alive.flatMap(({ state }) => kafkaLagOf(state));
  return {
    work,
    inbox,
    kafkaLag: lags.length === 0 ? null : lags.reduce((sum, lag) => sum + lag, 0),
    processors: alive.length,
    paused: new Set(paused.map(({ name }) => name)),
    breakers: await readDestinationStates(pool, [...names]),
  };
}

/** Of what a processor says of itself; another release may say it otherwise, or not. */
function kafkaLagOf(state: Readonly<Record<string, unknown>>): number[] {
  const intake: unknown = state['intake'];
  const kafka = typeof intake === 'object' && intake !== null && 'kafka' in intake ? intake.kafka : null;
  const lag = typeof kafka === 'object' && kafka !== null && 'lag' in kafka ? kafka.lag : null;
  return typeof lag === 'number' ? [lag] : [];
}
