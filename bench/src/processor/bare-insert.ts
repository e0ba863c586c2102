// A process of its own: makes rows, then writes them as fast as it can. The parent reads from the tables how long it took.
import { encodeMeta } from '@ackline/shared/envelope-codec';
import { createPool } from '@ackline/store/pool';
import { type BareInsertPlan, type BareInsertResult, inLanes } from './bare-work.ts';
import { sampleEvents } from './sample-events.ts';
import { databaseNowMs, insertBare } from './tables.ts';

/** As many as the processor takes of one lane in a transaction. */
const ROWS_A_TRANSACTION = 500;

const plan = JSON.parse(process.argv[2] ?? '') as BareInsertPlan;
const rows = sampleEvents({ first: plan.firstUpdate, count: plan.events }).map(({ body, ...meta }) => ({
  meta,
  sealedMeta: encodeMeta(meta),
  body,
}));
const pool = createPool({
  connectionString: plan.databaseUrl,
  applicationName: 'bare-insert',
  max: plan.connections,
  onError: error => {
    throw error;
  },
});
const batches = Math.ceil(rows.length / ROWS_A_TRANSACTION);
await inLanes({ from: 0, to: batches, lanes: plan.connections }, async batch => {
  const from = batch * ROWS_A_TRANSACTION;
  await insertBare(pool, rows.slice(from, from + ROWS_A_TRANSACTION), plan);
});
const result: BareInsertResult = { endMs: await databaseNowMs(pool) };
await pool.end();
console.log(JSON.stringify(result));
