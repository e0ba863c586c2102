import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@ackline/testkit/wait-for';
import { request } from 'undici';
import { TOKEN } from '../system.ts';
import { updateBody } from '../telegram-load.ts';
import { FIRST_ID, startCutOffIngress } from './cut-off-ingress.ts';
import { checkWriteOrder, parseTrace } from './write-order.ts';

export type SpoolOrderFigures =
  | { readonly kind: 'checked'; readonly events: number; readonly evidence: readonly string[] }
  | { readonly kind: 'skipped'; readonly reason: string };

const SPOOLED = /^ackline_eventlog_appends_total\{[^}]*tier="spool"[^}]*\} (\d+)$/m;
const LOG_LIMIT_MS = 30_000;
const TRACED = 'fsync,fdatasync,pwrite64,pwritev,write,writev,sendto,sendmsg';
/** A page of SQLite, as strace writes it: up to four characters a byte. */
const SHOWN_BYTES = 4_096;
const EVIDENCE_EVENTS = 2;
const EVIDENCE_CHARS = 150;

/** Kafka and PostgreSQL away: for each event the sync of its pages returns before its 200 is written. Throws where not. */
export async function spoolOrder(options: { readonly events: number }): Promise<SpoolOrderFigures> {
  const reason = whyNoTrace();
  if (reason !== null) return { kind: 'skipped', reason };
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'ackline-trace-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const ingress = stack.use(await startCutOffIngress({ LOG_LEVEL: 'INFO' }));
  const file = join(folder, 'trace');
  const tracer = await trace(ingress.service.pid, file);
  stack.defer(() => void tracer.kill('SIGKILL'));
  for (let index = 0; index < options.events; index += 1)
    await send(ingress.system.webhookUrl, FIRST_ID + index);
  const ended = once(tracer, 'close');
  tracer.kill('SIGINT'); // detaches and flushes
  await ended;
  const spooled = Number(SPOOLED.exec(await ingress.system.ingressMetrics())?.[1]);
  const logged = await waitFor(
    () => {
      const found = acceptedIds(ingress.service.output());
      return found.length >= spooled ? found : null; // lines are written many at a time
    },
    { timeoutMs: LOG_LIMIT_MS, what: `the log lines of ${spooled} events` },
  );
  const ids = logged.slice(-options.events);
  const text = await readFile(file, 'latin1');
  const sequences = checkWriteOrder(parseTrace(text), ids);
  const lines = text.split('\n');
  const evidence = sequences
    .slice(0, EVIDENCE_EVENTS)
    .flatMap((sequence, index) => [
      `event ${ids[index]}`,
      ...[sequence.write.begun, sequence.sync.begun, sequence.sync.returned ?? -1, sequence.answer.begun]
        .filter((line, place, all) => all.indexOf(line) === place)
        .map(line => `  ${shorten(lines[line] ?? '')}`),
    ]);
  return { kind: 'checked', events: sequences.length, evidence };
}

function whyNoTrace(): string | null {
  if (process.platform !== 'linux') return `strace is Linux's, this is ${process.platform}`;
  const found = spawnSync('strace', ['-V']);
  if (found.error !== undefined) return 'strace is not installed (Debian: apt-get install strace)';
  const tried = spawnSync('strace', ['-f', '-o', '/dev/null', 'true'], { encoding: 'utf8' });
  return tried.status === 0 ? null : `ptrace is not allowed here: ${tried.stderr.trim().split('\n')[0]}`;
}

/** Attached to all threads when it resolves. */
async function trace(pid: number, file: string): Promise<ChildProcess> {
  const args = [
    '-f',
    '-ttt',
    '-y',
    '-s',
    String(SHOWN_BYTES),
    '-e',
    `trace=${TRACED}`,
    '-o',
    file,
    '-p',
    String(pid),
  ];
  const tracer = spawn('strace', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  tracer.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString('utf8');
  });
  await waitFor(() => said.includes('attached'), { what: 'strace to attach' });
  return tracer;
}

async function send(url: string, updateId: number): Promise<void> {
  const response = await request(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-telegram-bot-api-secret-token': TOKEN },
    body: updateBody({ updateId, chat: 1 }),
  });
  await response.body.dump();
  if (response.statusCode !== 200) throw new Error(`update ${updateId} was answered ${response.statusCode}`);
}

/** Of the events that were taken by the spool, in the order of the log. */
function acceptedIds(output: string): readonly string[] {
  return output
    .split('\n')
    .filter(line => line.includes('"webhook.accepted"') && line.includes('"spool"'))
    .map(line => /"id":"([0-9a-f-]{36})"/.exec(line)?.[1] ?? '');
}

/** The page's bytes are no reading: its beginning and its end are. */
function shorten(line: string): string {
  return line.length <= EVIDENCE_CHARS ? line : `${line.slice(0, EVIDENCE_CHARS - 40)} … ${line.slice(-40)}`;
}
