/**
 * Looks up the names of destinations, hosts and brokers, with the system's own resolver (`getaddrinfo`), so that /etc/hosts, search
 * domains and `ndots` mean what they mean to every other program. It runs on four threads that the whole process shares, and holds
 * one for as long as a name server does not answer; therefore:
 *
 * N1. A name is asked for once at a time, whoever waits for it, and an answer is kept for a while: also a failure.
 * N2. Two threads at most are taken, so that PostgreSQL's and the event log's names, and files, find one; and one of the two only
 *     by names that failed last, so that dead names hold up no other.
 * N3. Who waits, waits for a bounded time. While a name is asked for again its last addresses serve.
 */
import { type LookupAddress, promises as dns } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { createGate } from './gate.ts';

/** An address that moved is found within this time: as long as common records live. */
const FRESH_MS = 30_000;
/** While name servers are away, known addresses are good for this long. */
const STALE_MS = 10 * 60_000;
/** A name that failed is asked for again after this; destinations are retried more rarely. */
const FAILED_MS = 5_000;
/** Below the time limit of a connection, so that the attempt is recorded as a failure of the name. */
const WAIT_MS = 3_000;
const LOOKUPS_AT_ONCE = 2;
const DOUBTFUL_AT_ONCE = 1;
/** More hosts than a configuration names. */
const MAX_NAMES = 1_000;

type Resolve = (name: string) => Promise<readonly LookupAddress[]>;

export interface NameLookupOptions {
  /** All addresses of a name, in the resolver's order. Default: the system's resolver. */
  readonly resolve?: Resolve;
  /** Milliseconds, any origin. */
  readonly now?: () => number;
  readonly waitMs?: number;
}

interface Name {
  addresses: readonly LookupAddress[];
  answeredAt: number;
  failedAt: number;
  /** The code of the last failure; null: the last answer was one. */
  failure: string | null;
  asking: Promise<void> | null;
}

/** For `net.connect`, and the brokers of destinations. One for the whole process: the threads are shared by all. */
export function createNameLookup(options: NameLookupOptions = {}): LookupFunction {
  const find = createNames(options);
  return (hostname, { all, family }, callback) => {
    find(hostname).then(
      addresses => {
        const wanted = family === 6 || family === 'IPv6' ? 6 : family === 4 || family === 'IPv4' ? 4 : null;
        const fitting = addresses.filter(found => wanted === null || found.family === wanted);
        const [first] = fitting;
        if (first === undefined) callback(failureOf(hostname, 'ENOTFOUND'), []);
        else if (all) callback(null, [...fitting]);
        else callback(null, first.address, first.family);
      },
      (error: unknown) => callback(error instanceof Error ? error : failureOf(hostname, 'EAI_FAIL'), []),
    );
  };
}

function createNames(options: NameLookupOptions): Resolve {
  const { resolve = askSystem, now = () => performance.now(), waitMs = WAIT_MS } = options;
  const names = new Map<string, Name>();
  const all = createGate(LOOKUPS_AT_ONCE);
  const doubtful = createGate(DOUBTFUL_AT_ONCE);

  async function ask(hostname: string, name: Name): Promise<void> {
    const work = () => all(() => resolve(hostname));
    try {
      name.addresses = await (name.failure === null ? work() : doubtful(work)); // (N2)
      name.answeredAt = now();
      name.failure = null;
    } catch (error) {
      fail(name, error instanceof Error && 'code' in error ? String(error.code) : 'EAI_FAIL');
    } finally {
      name.asking = null;
    }
  }

  function fail(name: Name, code: string): void {
    name.failure = code;
    name.failedAt = now();
    if (code === 'ENOTFOUND') name.addresses = []; // an answer: there is none
  }

  return async hostname => {
    const name = nameOf(names, hostname);
    const has = (maxAgeMs: number) => name.addresses.length > 0 && now() - name.answeredAt < maxAgeMs;
    const failed = () => name.failure !== null && now() - name.failedAt < FAILED_MS;
    if (has(FRESH_MS)) return name.addresses;
    if (!failed()) name.asking ??= ask(hostname, name); // (N1)
    if (has(STALE_MS)) return name.addresses; // (N3)
    if (failed() || name.asking === null) throw failureOf(hostname, name.failure ?? 'EAI_AGAIN');
    if (!(await endsWithin(name.asking, waitMs))) fail(name, 'EAI_AGAIN'); // (N3)
    if (has(STALE_MS)) return name.addresses;
    throw failureOf(hostname, name.failure ?? 'ENOTFOUND');
  };
}

function nameOf(names: Map<string, Name>, hostname: string): Name {
  const known = names.get(hostname);
  if (known !== undefined) return known;
  const [oldest] = names.keys();
  if (names.size >= MAX_NAMES && oldest !== undefined) names.delete(oldest);
  const name: Name = { addresses: [], answeredAt: 0, failedAt: 0, failure: null, asking: null };
  names.set(hostname, name);
  return name;
}

async function endsWithin(work: Promise<void>, limitMs: number): Promise<boolean> {
  const late = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => late.resolve(false), limitMs);
  try {
    return await Promise.race([work.then(() => true), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function askSystem(hostname: string): Promise<readonly LookupAddress[]> {
  return dns.lookup(hostname, { all: true, order: 'verbatim' });
}

function failureOf(hostname: string, code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`the name ${hostname} was not found (${code})`), { code });
}
