// What a crash may leave of a spool, and what the relay finds in it.
//
// ST1. Killed: the files as they are at a moment at which nothing runs. Everything acknowledged before it is there.
// ST2. Power lost: what was written and not yet synced is on disk in part. Of a log, any piece behind the last acknowledged
//      commit may be missing or torn; of a database, any page that was written since the log began.
// ST3. A copy of the database that is older than its log is such a state only while the log was not begun anew between them, and
//      not before the log was read to its end.
// ST4. What is acknowledged and what another log has is noted in files before the writer goes on. A message would not do: what
//      waits in the memory of a process that is killed is never read, and an event would be missed that another log has.
// ST5. A stopped process may run on until it is its turn to stop: its files are at rest when they are read twice and are the same.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { waitFor } from '@ackline/testkit/wait-for';
import {
  endOfLog,
  readImage,
  readSalt,
  readStill,
  relayDirectory,
  relayImage,
  saltOf,
  type SpoolImage,
} from './spool-copy.ts';
import { startWriter, type Writer } from './writer-process.ts';

export interface TornOptions {
  /** Processes that spool at full speed and are killed. */
  readonly bursts: number;
  readonly copiesPerBurst: number;
  /** Moments of rest, each followed by one more batch that is cut at many places. */
  readonly rounds: number;
  readonly cutsPerRound: number;
}

export interface TornFigures {
  readonly stopped: number;
  readonly running: number;
  readonly killed: number;
  readonly truncated: number;
  readonly torn: number;
  /** Copies of a running process whose log was begun anew meanwhile: no crash leaves such a pair. */
  readonly discarded: number;
  /** Acknowledged events, summed over all copies. */
  readonly expected: number;
  /** One line for each copy in which an acknowledged event is missing, or that could not be read. */
  readonly broken: readonly string[];
}

interface Tally {
  stopped: number;
  running: number;
  killed: number;
  truncated: number;
  torn: number;
  discarded: number;
  expected: number;
  readonly broken: string[];
}

const FULL_SPEED_BODY_BYTES = 600;
const MAX_PAUSE_MS = 200;
/** At full speed the log is begun anew several times a second. */
const RUNNING_TRIES = 5;
const SECTOR_BYTES = 512;
const WAIT_MS = 120_000;

export async function spoolTorn(options: TornOptions): Promise<TornFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'ackline-torn-'));
  const tally: Tally = {
    stopped: 0,
    running: 0,
    killed: 0,
    truncated: 0,
    torn: 0,
    discarded: 0,
    expected: 0,
    broken: [],
  };
  try {
    for (let burst = 0; burst < options.bursts; burst += 1) {
      await runBurst(folder, { copies: options.copiesPerBurst, relaying: burst % 2 === 1 }, tally);
    }
    await runRounds(folder, options, tally);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return tally;
}

/** (ST1) Full speed, copies at random moments, every second one with the process stopped, and a kill in the end. */
async function runBurst(
  folder: string,
  { copies, relaying }: { readonly copies: number; readonly relaying: boolean },
  tally: Tally,
): Promise<void> {
  await using writer = await startWriter(folder);
  writer.tell({ kind: 'full-speed', maxBodyBytes: FULL_SPEED_BODY_BYTES, relaying });
  await waitFor(() => writer.acked().size > 0, { timeoutMs: WAIT_MS, what: 'the first event' });
  for (let copy = 0; copy < copies; copy += 1) {
    await delay(Math.random() * MAX_PAUSE_MS);
    if (copy % 2 === 0) await copyStopped(folder, writer, tally);
    else if (!relaying) await copyRunning(folder, writer, tally);
  }
  await writer.kill();
  tally.killed += 1;
  await compare('killed', writer.owed(), () => relayDirectory(writer.directory), tally);
}

async function copyStopped(folder: string, writer: Writer, tally: Tally): Promise<void> {
  writer.signal('SIGSTOP');
  const { image, between: expected } = await readStill(writer.directory, () => writer.owed()); // (ST5)
  writer.signal('SIGCONT');
  tally.stopped += 1;
  await check(folder, { what: 'stopped', image, expected }, tally);
}

async function copyRunning(folder: string, writer: Writer, tally: Tally): Promise<void> {
  for (let tried = 0; tried < RUNNING_TRIES; tried += 1) {
    const expected = writer.owed();
    const salt = await readSalt(writer.directory);
    const image = await readImage(writer.directory);
    if (salt !== saltOf(image.log) || salt !== (await readSalt(writer.directory))) {
      tally.discarded += 1; // (ST3)
      continue;
    }
    tally.running += 1;
    await check(folder, { what: 'running', image, expected }, tally);
    return;
  }
}

/** (ST2) At rest the end of the log is the end of the last acknowledged commit: what follows may be lost in any part. */
async function runRounds(folder: string, options: TornOptions, tally: Tally): Promise<void> {
  await using writer = await startWriter(folder);
  const { directory } = writer;
  await writer.append();
  for (let round = 0; round < options.rounds; round += 1) {
    const before = await readImage(directory);
    const expected = writer.owed();
    await writer.append();
    const after = await readImage(directory);
    const whole = writer.owed();
    const isSameLog = saltOf(before.log) === saltOf(after.log);
    const from = isSameLog ? endOfLog(before.log) : 0;
    const to = endOfLog(after.log);
    // (ST3) Begun anew, the log says that the database had all before it, synced. Else nothing of the batch needs to be in it.
    const { database } = isSameLog ? before : after;
    for (let cut = 0; cut < options.cutsPerRound; cut += 1) {
      const at = cut === 0 ? from : from + Math.floor(Math.random() * (to - from));
      const truncated = { ...after, database, log: after.log.subarray(0, at) };
      tally.truncated += 1;
      await check(folder, { what: `truncated at ${at} of ${from}…${to}`, image: truncated, expected }, tally);
      const torn = { ...after, database, log: tear(after.log, before.log, { from, to }) };
      tally.torn += 1;
      await check(folder, { what: `torn in ${from}…${to}`, image: torn, expected }, tally);
    }
    tally.truncated += 1;
    await check(
      folder,
      { what: 'truncated at its end', image: { ...after, log: after.log.subarray(0, to) }, expected: whole },
      tally,
    );
  }
}

/** Of the sectors in the range some have what was there before, some nothing. */
function tear(
  log: Buffer,
  before: Buffer,
  { from, to }: { readonly from: number; readonly to: number },
): Buffer {
  const torn = Buffer.from(log);
  for (let at = from; at < to; at += SECTOR_BYTES) {
    const luck = Math.random();
    if (luck < 0.5) continue;
    const end = Math.min(at + SECTOR_BYTES, to);
    if (luck < 0.75) torn.fill(0, at, end);
    else if (at < before.length) before.copy(torn, at, at, Math.min(end, before.length));
  }
  return torn;
}

async function check(
  folder: string,
  copy: { readonly what: string; readonly image: SpoolImage; readonly expected: ReadonlySet<string> },
  tally: Tally,
): Promise<void> {
  await compare(copy.what, copy.expected, () => relayImage(folder, copy.image), tally);
}

async function compare(
  what: string,
  expected: ReadonlySet<string>,
  read: () => Promise<ReadonlySet<string>>,
  tally: Tally,
): Promise<void> {
  tally.expected += expected.size;
  try {
    const missing = expected.difference(await read()).size;
    if (missing > 0)
      tally.broken.push(`${what}: ${missing} of ${expected.size} acknowledged events are missing`);
  } catch (error) {
    tally.broken.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
