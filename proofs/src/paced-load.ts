// An open load: requests start when they are due, whether or not the ones before were answered.
//
// PL1. The time of an answer counts from the moment the request was due, so that a server that stalls can't hide it.
// PL2. What was not answered 2xx is sent again, as providers do, until it is or the load is given up; it counts as one update.
// PL3. Some accepted updates are sent once more, as they were: a provider that missed its answer.
import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';
import { TOKEN } from './system.ts';
import { updateBody } from './telegram-load.ts';

/** One request as its sender saw it. */
export interface Attempt {
  readonly updateId: number;
  readonly kind: 'first' | 'resend' | 'repeat';
  /** null: the connection broke, or nothing came in time. */
  readonly status: number | null;
  /** When it was due, by `performance.now()`. */
  readonly dueAt: number;
  /** From then to the answer. */
  readonly ms: number;
}

export interface PacedLoadOptions {
  readonly url: string;
  /** The Host header, where it is another than the URL's: a proxy finds its way by it. */
  readonly host?: string;
  readonly firstId: number;
  /** Updates a second. */
  readonly rate: number;
  readonly chats: number;
  readonly resends: boolean;
  /** Every n-th accepted update is sent once more; 0: none. */
  readonly repeatEvery: number;
  readonly token?: string;
  /** Letters in an update's text. */
  readonly textLength?: number;
  /** What is due while so many are without an answer is not sent at all. Default: all is sent. */
  readonly maxInFlight?: number;
}

export interface PacedLoad {
  readonly attempts: readonly Attempt[];
  /** Update ids that got a 2xx. */
  readonly accepted: ReadonlySet<number>;
  /** The id that the next update will get. */
  readonly nextId: number;
  /** Requests without an answer so far. */
  readonly inFlight: number;
  /** No further update is due until `resume`; resends go on. */
  hold(): void;
  resume(): void;
  /** No further update; waits until each was accepted, `patienceMs` at most. Then all ends. */
  finish(patienceMs: number): Promise<void>;
}

const TICK_MS = 1;
const CONNECTIONS = 256;
const REQUEST_LIMIT_MS = 10_000;
const FIRST_RESEND_MS = 1_000;
const MAX_RESEND_MS = 8_000;
const REPEAT_WAIT_MS = 200;
const ENDED = 'the load was given up';

export function startPacedLoad(options: PacedLoadOptions): PacedLoad {
  const { origin, pathname } = new URL(options.url);
  const pool = new Pool(origin, { connections: CONNECTIONS, pipelining: 1, keepAliveTimeout: 30_000 });
  const attempts: Attempt[] = [];
  const accepted = new Set<number>();
  const underWay = new Set<Promise<void>>();
  const givenUp = new AbortController();
  let nextId = options.firstId;
  let nextDueAt = performance.now();
  let inFlight = 0;

  async function send(updateId: number, kind: Attempt['kind'], dueAt: number): Promise<number | null> {
    inFlight += 1;
    const chat = 1 + (updateId % options.chats);
    const status = await post(pool, {
      path: pathname,
      body: updateBody({ updateId, chat }, options.textLength),
      headers: {
        'x-telegram-bot-api-secret-token': options.token ?? TOKEN,
        ...(options.host === undefined ? {} : { host: options.host }),
      },
    });
    inFlight -= 1;
    attempts.push({ updateId, kind, status, dueAt, ms: performance.now() - dueAt });
    return status;
  }
  const pause = (ms: number): Promise<boolean> =>
    delay(ms, true, { signal: givenUp.signal, ref: false }).catch(() => false);

  async function deliver(updateId: number, dueAt: number): Promise<void> {
    let status = await send(updateId, 'first', dueAt);
    for (let waitMs = FIRST_RESEND_MS; !isAccepted(status); waitMs = Math.min(waitMs * 2, MAX_RESEND_MS)) {
      if (!options.resends || !(await pause(waitMs))) return;
      status = await send(updateId, 'resend', performance.now()); // (PL2)
    }
    accepted.add(updateId);
    if (options.repeatEvery === 0 || accepted.size % options.repeatEvery !== 0) return;
    if (await pause(REPEAT_WAIT_MS)) await send(updateId, 'repeat', performance.now()); // (PL3)
  }
  const tick = (): void => {
    for (const now = performance.now(); nextDueAt <= now; nextDueAt += 1_000 / options.rate) {
      if (inFlight >= (options.maxInFlight ?? Number.POSITIVE_INFINITY)) continue;
      const delivering = deliver(nextId, nextDueAt).finally(() => underWay.delete(delivering)); // (PL1)
      underWay.add(delivering);
      nextId += 1;
    }
  };
  let ticking: NodeJS.Timeout | undefined = setInterval(tick, TICK_MS);
  const hold = (): void => {
    clearInterval(ticking);
    ticking = undefined;
  };
  return {
    attempts,
    accepted,
    get nextId() {
      return nextId;
    },
    get inFlight() {
      return inFlight;
    },
    hold,
    resume() {
      if (ticking !== undefined) return;
      nextDueAt = performance.now();
      ticking = setInterval(tick, TICK_MS);
    },
    async finish(patienceMs) {
      hold();
      const timer = setTimeout(() => givenUp.abort(ENDED), patienceMs);
      await Promise.all(underWay);
      clearTimeout(timer);
      await pool.destroy();
    },
  };
}

export function isAccepted(status: number | null): boolean {
  return status !== null && status >= 200 && status < 300;
}

async function post(
  pool: Pool,
  { path, body, headers }: { path: string; body: string; headers: Readonly<Record<string, string>> },
): Promise<number | null> {
  try {
    const response = await pool.request({
      path,
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
      signal: AbortSignal.timeout(REQUEST_LIMIT_MS),
    });
    await response.body.dump();
    return response.statusCode;
  } catch {
    return null; // what broke is the matter of the run, not of the sender
  }
}
