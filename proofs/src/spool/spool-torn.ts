// What a crash may leave of a spool, and what the relay finds in it.
//
// T1. Killed: the files as they are at a moment at which nothing runs. Everything acknowledged before it is there.
// T2. Power lost: what was written and not yet synced is on disk in part. Of a log, any piece behind the last acknowledged
//     commit may be missing or torn; of a database, any page that was written since the log began.
// T3. A copy of the database that is older than its log is such a state only while the log was not begun anew between them.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { waitFor } from '@ackline/testkit/wait-for';
import { endOfLog, readImage, relayDirectory, relayImage, saltOf, type SpoolImage } from './spool-copy.ts';
import type { WriterCommand, WriterReport } from './spool-writer.ts';

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
const BATCH_EVENTS = 40;
const BATCH_BODY_BYTES = 6_000;
const MAX_PAUSE_MS = 200;
/** What a stopped process has said is read by then. */
const REPORTS_MS = 50;
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

/** (T1) Full speed, copies at random moments, every second one with the process stopped, and a kill in the end. */
async function runBurst(
  folder: string,
  { copies, relaying }: { readonly copies: number; readonly relaying: boolean },
  tally: Tally,
): Promise<void> {
  const directory = join(folder, 'spool');
  await mkdir(directory);
  const writer = await startWriter(directory);
  writer.tell({ kind: 'full-speed', maxBodyBytes: FULL_SPEED_BODY_BYTES, relaying });
  await waitFor(() => writer.acked.size > 0, { timeoutMs: WAIT_MS });
  for (let copy = 0; copy < copies; copy += 1) {
    await delay(Math.random() * MAX_PAUSE_MS);
    if (copy % 2 === 0) {
      writer.signal('SIGSTOP');
      await delay(REPORTS_MS);
      const image = await readImage(directory);
      const expected = writer.owed();
      writer.signal('SIGCONT');
      tally.stopped += 1;
      await check(folder, { what: 'stopped', image, expected }, tally);
    } else if (!relaying) {
      const expected = writer.owed();
      const { log } = await readImage(directory);
      const image = await readImage(directory);
      if (saltOf(log) !== saltOf(image.log)) {
        tally.discarded += 1; // (T3)
        continue;
      }
      tally.running += 1;
      await check(folder, { what: 'running', image, expected }, tally);
    }
  }
  writer.signal('SIGKILL');
  await writer.ended;
  tally.killed += 1;
  await compare('killed', writer.owed(), () => relayDirectory(directory), tally);
  await rm(directory, { recursive: true, force: true });
}

/** (T2) At rest the end of the log is the end of the last acknowledged commit: what follows may be lost in any part. */
async function runRounds(folder: string, options: TornOptions, tally: Tally): Promise<void> {
  const directory = join(folder, 'spool');
  await mkdir(directory);
  const writer = await startWriter(directory);
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
    // (T3) Begun anew, the log says that the database had all before it, synced. Else nothing of the batch needs to be in it.
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
  writer.signal('SIGKILL');
  await writer.ended;
  await rm(directory, { recursive: true, force: true });
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

interface Writer {
  readonly acked: ReadonlySet<string>;
  readonly ended: Promise<unknown>;
  tell(command: WriterCommand): void;
  /** One batch; resolves when it is acknowledged and nothing is under way. */
  append(): Promise<void>;
  signal(name: NodeJS.Signals): void;
  /** What is acknowledged by now, and in no other log. */
  owed(): ReadonlySet<string>;
}

async function startWriter(directory: string): Promise<Writer> {
  const path = fileURLToPath(new URL('./spool-writer.ts', import.meta.url));
  const child = fork(path, [directory], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const acked = new Set<string>();
  const relayed = new Set<string>();
  let idles = 0;
  let isReady = false;
  child.on('message', (report: WriterReport) => {
    if (report.kind === 'acked') for (const id of report.ids) acked.add(id);
    else if (report.kind === 'relayed') for (const id of report.ids) relayed.add(id);
    else if (report.kind === 'idle') idles += 1;
    else isReady = true;
  });
  const ended = once(child, 'close');
  await waitFor(() => isReady, { timeoutMs: WAIT_MS, what: 'the writer to start' });
  return {
    acked,
    ended,
    tell: command => void child.send(command),
    async append() {
      const before = idles;
      child.send({
        kind: 'append',
        count: 1 + Math.floor(Math.random() * BATCH_EVENTS),
        maxBodyBytes: BATCH_BODY_BYTES,
      } satisfies WriterCommand);
      await waitFor(() => idles > before, { timeoutMs: WAIT_MS, what: 'a batch to be acknowledged' });
    },
    signal: name => void child.kill(name),
    owed: () => acked.difference(relayed),
  };
}
