// A process that keeps the work of retention, and says whenever it gets or loses it: node retention-holder.ts <database url> <limit in ms>.
import { writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { createPool } from '@ackline/store/pool';
import { createRetention } from '../../src/retaining/retention.ts';

const [, , url = '', limitMs] = process.argv;
const pool = createPool({
  connectionString: url,
  applicationName: 'retention-holder',
  max: 1,
  idleSessionMs: Number(limitMs),
  onError: () => undefined,
});
const nothing = () => undefined;
const retention = createRetention({
  pool,
  retention: () => ({ eventsDays: 30, dedupMs: 86_400_000 }),
  topicRetentionMs: null,
  isRefused: () => false,
  destinations: () => [],
  log: { info: nothing, warn: nothing, error: nothing },
});
for (let said = ''; ; ) {
  const state = (await retention.round(AbortSignal.timeout(60_000))) ? 'has it\n' : 'has it not\n';
  if (state !== said) writeSync(1, state);
  said = state;
  await delay(Number(limitMs) / 5);
}
