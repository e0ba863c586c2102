// A process that locks lane 0 as a storer does, says so and then does nothing: node lane-holder.ts <database url> <limit in ms>.
import { writeSync } from 'node:fs';
import { lockLane } from '@ackline/store/lanes';
import { inTransaction } from '@ackline/store/transaction';
import { openPool } from '../events.ts';

const [, , url = '', limitMs] = process.argv;
const pool = openPool(url, Number(limitMs));
await inTransaction(pool, async client => {
  await lockLane(client, 0);
  writeSync(1, 'locked\n');
  await new Promise<void>(resolve => process.once('SIGTERM', () => resolve()));
});
