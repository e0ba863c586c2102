// A process that spools at full speed: node spool-child.ts <directory> [<events>]. It prints the id of each event once it is
// confirmed, and ends by the signal that the test sends.
import { writeSync } from 'node:fs';
import { openSpool } from '../../src/spool/spool.ts';
import { sampleEvent } from '../event-sample.ts';

const [, , directory = '', count = '1000000'] = process.argv;
/** Appends under way at a time: batches of many sizes. */
const LANES = 32;

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const spool = await openSpool({
  directory,
  maxBytes: 1024 * 1024 * 1024,
  maxAgeMs: 3_600_000,
  allowEphemeral: true,
  log: quiet as never,
});
let left = Number(count);

async function lane(number: number): Promise<void> {
  while (left > 0) {
    left -= 1;
    const event = sampleEvent({ orderingKey: String(number), body: Buffer.alloc(left % 3_000, number) });
    await spool.append(event, { afterOffset: -1n, deadlineMs: 60_000 });
    writeSync(1, `${number} ${event.id}\n`);
  }
}

await Promise.all(Array.from({ length: LANES }, (_, number) => lane(number)));
writeSync(1, 'done\n');
setInterval(() => undefined, 60_000); // holds the file until it is killed
