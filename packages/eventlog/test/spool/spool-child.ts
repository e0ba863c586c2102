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

const still = new Int32Array(new SharedArrayBuffer(4));

/** Before anything else happens here: a test that is behind with reading is waited for. */
function say(line: string): void {
  let rest = Buffer.from(`${line}\n`);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(still, 0, 0, 1);
    }
  }
}

async function lane(number: number): Promise<void> {
  while (left > 0) {
    left -= 1;
    const event = sampleEvent({ orderingKey: String(number), body: Buffer.alloc(left % 3_000, number) });
    await spool.append(event, { afterOffset: -1n, deadlineMs: 60_000 });
    say(`${number} ${event.id}`);
  }
}

await Promise.all(Array.from({ length: LANES }, (_, number) => lane(number)));
say('done');
setInterval(() => undefined, 60_000); // holds the file until it is killed
