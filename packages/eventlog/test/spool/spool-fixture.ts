import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '@ackline/shared/app-error';
import type { EventEnvelope } from '@ackline/shared/envelope';
import { openSpool, type OpenSpool, type SpoolOptions } from '../../src/spool/spool.ts';
import {
  type SpoolRelay,
  type SpoolRelayDeps,
  type SpoolTarget,
  startSpoolRelay,
} from '../../src/spool/spool-relay.ts';
import { sampleEvent } from '../event-sample.ts';

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly event: string;
  readonly fields: Record<string, unknown>;
}

/** What was logged, so that a test can ask for it. */
export function recordingLog(): { readonly lines: LogLine[]; readonly log: SpoolOptions['log'] } {
  const lines: LogLine[] = [];
  const at =
    (level: LogLine['level']) =>
    (fields: Record<string, unknown> | string, event = ''): void => {
      lines.push(
        typeof fields === 'string' ? { level, event: fields, fields: {} } : { level, event, fields },
      );
    };
  return { lines, log: { info: at('info'), warn: at('warn'), error: at('error') } as never };
}

export const place = { afterOffset: -1n, deadlineMs: 10_000 } as const;
export const code = (expected: string) => (error: unknown) =>
  error instanceof AppError && error.code === expected;

/** A directory of its own, with what is opened in it closed before it goes. */
export class SpoolBench implements AsyncDisposable {
  readonly directory: string;
  readonly logged = recordingLog();
  readonly #stack = new AsyncDisposableStack();

  constructor(directory = mkdtempSync(join(tmpdir(), 'ackline-spool-'))) {
    this.directory = directory;
    this.#stack.defer(() => rmSync(directory, { recursive: true, force: true }));
  }

  defer(undo: () => void | Promise<void>): void {
    this.#stack.defer(undo);
  }

  async open(
    overrides: Partial<SpoolOptions> = {},
    startWorker?: Parameters<typeof openSpool>[1],
  ): Promise<OpenSpool> {
    const spool = await openSpool(
      {
        directory: this.directory,
        maxBytes: 256 * 1024 * 1024,
        maxAgeMs: 24 * 3_600_000,
        allowEphemeral: true,
        log: this.logged.log,
        ...overrides,
      },
      startWorker,
    );
    this.#stack.defer(() => spool.close());
    return spool;
  }

  relay(spool: OpenSpool, target: SpoolTarget, more: Pick<SpoolRelayDeps, 'onRelayed'> = {}): SpoolRelay {
    const relay = startSpoolRelay(spool, target, { log: this.logged.log, ...more });
    this.#stack.defer(() => relay.close());
    return relay;
  }

  files(): string[] {
    return readdirSync(this.directory).sort();
  }

  databases(): string[] {
    return this.files().filter(name => name.endsWith('.sqlite'));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

/** A log in memory: takes events while it is open, and fails those that the test names. */
export class TakingTarget implements SpoolTarget {
  isOpen = true;
  readonly taken: { readonly event: EventEnvelope; readonly afterOffset: bigint }[] = [];
  fails: (event: EventEnvelope) => Error | null = () => null;

  get ids(): string[] {
    return this.taken.map(({ event }) => event.id);
  }

  async append(event: EventEnvelope, afterOffset: bigint): Promise<{ tier: 'inbox' }> {
    await new Promise<void>(resolve => setImmediate(resolve));
    const error = this.fails(event);
    if (error !== null) throw error;
    this.taken.push({ event, afterOffset });
    return { tier: 'inbox' };
  }
}

/** Events of one key, in order. */
export function eventsOf(count: number, overrides: Partial<EventEnvelope> = {}): EventEnvelope[] {
  return Array.from({ length: count }, () => sampleEvent(overrides));
}

export function idsOf(events: readonly EventEnvelope[]): string[] {
  return events.map(({ id }) => id);
}

export async function appendAll(spool: OpenSpool, events: readonly EventEnvelope[]): Promise<void> {
  await Promise.all(events.map(event => spool.append(event, place)));
}
