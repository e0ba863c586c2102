import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '@ackline/testkit/free-port';
import { type SpawnedService, spawnService } from '@ackline/testkit/spawn-service';
import { startTcpProxy, type TcpProxy } from '@ackline/testkit/tcp-proxy';
import { waitFor } from '@ackline/testkit/wait-for';
import { startCountingReceiver } from '../counting-receiver.ts';
import { TOKEN } from '../system.ts';
import { sendUpdates } from '../telegram-load.ts';
import { judgeListening, type ListenFigures } from './judge-listening.ts';

const CLI = fileURLToPath(new URL('../../../packages/cli/src/main.ts', import.meta.url));
const CONFIG = `
publicUrl: https://hooks.example.com
sources:
  - { name: telegram, provider: telegram, path: /webhook/telegram, secrets: [{ env: PROOF_TOKEN }] }
routes: []
destinations: []
`;
/** initdb, four processes and a migration on a busy machine. */
const UP_LIMIT_MS = 180_000;
const READY_LIMIT_MS = 60_000;
/** All that was accepted has reached the server by then; it only matters when something never comes. */
const ARRIVAL_LIMIT_MS = 180_000;
const CHATS = 200;
const SENDERS = 8;
const RESENDS = 20;
/** A network that is away for longer than what is under way takes. */
const FAULT_MS = 2_000;

export interface ListenProofOptions {
  readonly events: number;
  /** A second. */
  readonly rate: number;
  /** Kills and losses of the network together, spread over the load. */
  readonly faults: number;
  readonly log: (line: string) => void;
}

/** Events flow through a whole `ackline up` to a server behind `ackline listen`, which is killed and cut off again and again. */
export async function runListenProof(options: ListenProofOptions): Promise<ListenFigures> {
  await using stage = await openStage();
  const { receiver, listener, url } = stage;
  await listener.start();
  const startedAt = performance.now();
  const faults = createFaults(stage, options);
  const sent = await sendUpdates({
    url,
    events: options.events,
    chats: CHATS,
    senders: SENDERS,
    rate: options.rate,
    resends: RESENDS,
    onProgress: acked => faults.onProgress(acked),
  });
  const sentAfterMs = performance.now() - startedAt;
  await faults.ended();
  const accepted = new Set(sent.filter(({ status }) => status === 200).map(({ updateId }) => updateId));
  const isAll = () => [...accepted].every(id => receiver.counts.has(id));
  await waitFor(isAll, { timeoutMs: ARRIVAL_LIMIT_MS, what: 'all events at the server' }).catch(
    () => undefined,
  );
  const arrivedAfterMs = performance.now() - startedAt;
  const exitCode = (await listener.stop()).code;
  return judgeListening({ accepted, receiver, faults: faults.done, exitCode, sentAfterMs, arrivedAfterMs });
}

interface Listener {
  start(): Promise<void>;
  kill(): Promise<void>;
  stop(): Promise<{ readonly code: number | null }>;
}

interface Stage extends AsyncDisposable {
  /** Where updates are sent. */
  readonly url: string;
  readonly link: TcpProxy;
  readonly listener: Listener;
  readonly receiver: Awaited<ReturnType<typeof startCountingReceiver>>;
}

async function openStage(): Promise<Stage> {
  await using opened = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'ackline-listen-'));
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'ackline.yaml'), CONFIG);
  const [port, opsPort, consolePort] = [await freePort(), await freePort(), await freePort()];
  const up = await spawnService(CLI, {
    args: ['up'],
    cwd: folder,
    env: {
      PORT: String(port),
      OPS_PORT: String(opsPort),
      CONSOLE_PORT: String(consolePort),
      PROOF_TOKEN: TOKEN,
      LOG_LEVEL: 'WARNING',
    },
  });
  opened.defer(async () => void (await up.stop()));
  await waitFor(() => up.output().includes('Ctrl-C stops'), { timeoutMs: UP_LIMIT_MS, what: 'ackline up' });
  const link = opened.use(await startTcpProxy({ port: consolePort }));
  const receiver = opened.use(await startCountingReceiver());
  const listener = createListener(folder, { console: `http://127.0.0.1:${link.port}`, target: receiver.url });
  opened.defer(async () => void (await listener.stop()));
  const resources = opened.move();
  return {
    url: `http://127.0.0.1:${port}/webhook/telegram`,
    link,
    listener,
    receiver,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

function createListener(
  folder: string,
  { console, target }: { readonly console: string; readonly target: string },
): Listener {
  const state = join(folder, 'listener');
  let running: SpawnedService | null = null;
  const end = async (signal: NodeJS.Signals) => {
    const service = running;
    running = null;
    return service === null ? { code: null } : service.stop(signal);
  };
  return {
    async start() {
      running = await spawnService(CLI, {
        args: ['listen', target, '--url', console],
        cwd: folder,
        env: { ACKLINE_DATA_DIR: state },
      });
      // What comes from now on is behind its cursor.
      const isKept = async () => (await readdir(join(state, 'listen'))).some(name => name.endsWith('.json'));
      await waitFor(isKept, { timeoutMs: READY_LIMIT_MS, what: 'the cursor of the listener' });
    },
    kill: async () => void (await end('SIGKILL')),
    stop: () => end('SIGTERM'),
  };
}

const FAULTS = ['kill', 'cut', 'silent network'] as const;

/** One fault after the other, each where the next part of the load is done. */
function createFaults({ link, listener }: Stage, { events, faults, log }: ListenProofOptions) {
  const done: string[] = [];
  let running = Promise.resolve();
  let begun = 0;
  const strike = async (fault: (typeof FAULTS)[number]) => {
    log(`${fault} ${begun} of ${faults}`);
    if (fault === 'kill') {
      await listener.kill();
      await delay(FAULT_MS / 4);
      await listener.start();
    } else {
      if (fault === 'cut') await link.cut();
      else link.stall();
      await delay(FAULT_MS);
      await link.heal();
    }
    done.push(fault);
  };
  return {
    done: done as readonly string[],
    onProgress(acked: number) {
      if (begun >= faults || acked < (events * (begun + 1)) / (faults + 1)) return;
      const fault = FAULTS[begun % FAULTS.length] ?? 'kill';
      begun += 1;
      running = running.then(() => strike(fault));
    },
    ended: () => running,
  };
}
