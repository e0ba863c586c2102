/**
 * Brings events of a console to a server on this machine.
 *
 * FW1. The cursor that is kept is that of an event which is answered, as all before it are. What comes behind it is sent again after
 *      a restart: each event is answered at least once, and none is skipped but by a person.
 * FW2. Events of one key go out one after the other in the order of storing, each once the one before it is answered. Keys do not wait
 *      for each other, up to the bounds of what is held.
 * FW3. An event is answered by any whole answer of HTTP, whatever its status. Where there is none it is tried again until there is one,
 *      or until a person skips it.
 * FW4. What is held is bounded, in events and in bytes; nothing is pulled beyond it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { createAnsweredWindow } from './answered-window.ts';
import { createKeyLanes } from './key-lanes.ts';
import type { Answer, LocalServer, PulledEvent, PulledPayload } from './local-server.ts';
import type { PulledPage } from './pull-pages.ts';

/** Requests beside each other. */
const AT_A_TIME = 10;
/** A page or two more than what is at work. */
const MAX_HELD = 500;
const MAX_HELD_BYTES = 32 * 1024 * 1024;
/** Somebody works with what comes: the next look is soon. Otherwise it is a little later. */
const BUSY_LOOK_MS = 100;
const IDLE_LOOK_MS = 500;
const BUSY_FOR_MS = 10_000;
/** A server that is restarted is back within seconds. */
const RETRY_MS = 250;
const RETRY_MAX_MS = 2_000;

/** One event on its way. */
export interface Forwarded {
  readonly event: PulledEvent;
  readonly payload: PulledPayload;
}

interface Held {
  readonly cursor: string;
  readonly bytes: number;
  readonly event: PulledEvent;
  readonly skip: AbortController;
}

export interface ForwarderEvents {
  onAnswered(forwarded: Forwarded, answer: Extract<Answer, { kind: 'answered' }>): void;
  /** Not sent: a person skipped it, or it can't be sent. */
  onSkipped(event: PulledEvent, why: string): void;
  /** The server answers no more; said once until it is back. */
  onAway(why: string): void;
  onBack(): void;
  /** All before it are answered (FW1). */
  onCursor(cursor: string): void;
}

export interface ForwarderDeps {
  readonly server: LocalServer;
  /** The page behind a cursor, or the first one; null: stopped. */
  readonly pull: (after: string | null) => Promise<PulledPage | null>;
  readonly events: ForwarderEvents;
  readonly stop: AbortSignal;
}

export interface Forwarder {
  /** From a cursor on, or from where `pull` begins, until `stop`. */
  run(start: string | null): Promise<void>;
  isPaused: boolean;
  /** Gives up the earliest event that is not answered. */
  skip(): void;
}

export function createForwarder({ server, pull, events, stop }: ForwarderDeps): Forwarder {
  const window = createAnsweredWindow<Held>(null);
  const local = createLocalState(events);
  const change = createChange();
  const pace = createPace();
  let isPaused = false;

  const settle = (held: Held) => {
    window.answered(held);
    if (window.cursor !== null) events.onCursor(window.cursor);
    change.tell();
  };
  const lanes = createKeyLanes<Held>(AT_A_TIME, async held => {
    while (isPaused && !stop.aborted && !held.skip.signal.aborted) await change.next();
    const end = await forward(held, { server, local, stop });
    if (end.kind === 'stopped') return;
    if (end.kind === 'answered') events.onAnswered(end.forwarded, end.answer);
    else events.onSkipped(held.event, end.why);
    settle(held);
  });
  const hold = (event: PulledEvent) => {
    const bytes = event.payload?.bodyBytes ?? 0;
    const held: Held = { cursor: event.cursor, bytes, event, skip: new AbortController() };
    window.add(held);
    // Without a key it waits for nothing, and nothing for it.
    lanes.add(event.orderingKey === null ? event.id : `${event.source}\n${event.orderingKey}`, held);
  };
  const isFull = () => window.size >= MAX_HELD || window.bytes >= MAX_HELD_BYTES;

  stop.addEventListener('abort', () => change.tell(), { once: true });
  return {
    async run(start) {
      let after: string | null = start;
      while (!stop.aborted) {
        if (isPaused || isFull()) {
          await change.next(); // (FW4)
          continue;
        }
        const page = await pull(after);
        if (page === null) return;
        if (after === null) events.onCursor(page.from);
        for (const event of page.items) hold(event);
        after = page.next;
        window.passed(after);
        if (window.cursor !== null) events.onCursor(window.cursor);
        const waitMs = pace.next(page.items.length > 0);
        if (page.isCaughtUp) await delay(waitMs, undefined, { signal: stop }).catch(() => undefined);
      }
    },
    get isPaused() {
      return isPaused;
    },
    set isPaused(next) {
      isPaused = next;
      change.tell();
    },
    skip() {
      window.oldest?.skip.abort();
      change.tell();
    },
  };
}

/** Wakes all that wait for something to be otherwise. */
function createChange() {
  let changed = Promise.withResolvers<void>();
  return {
    next: () => changed.promise,
    tell: () => {
      changed.resolve();
      changed = Promise.withResolvers();
    },
  };
}

/** How long until the next look. */
function createPace() {
  let busyUntil = 0;
  return {
    next: (hasCome: boolean) => {
      if (hasCome) busyUntil = performance.now() + BUSY_FOR_MS;
      return performance.now() < busyUntil ? BUSY_LOOK_MS : IDLE_LOOK_MS;
    },
  };
}

type End =
  | {
      readonly kind: 'answered';
      readonly forwarded: Forwarded;
      readonly answer: Extract<Answer, { kind: 'answered' }>;
    }
  | { readonly kind: 'skipped'; readonly why: string }
  | { readonly kind: 'stopped' };

interface ForwardDeps {
  readonly server: LocalServer;
  readonly local: LocalState;
  readonly stop: AbortSignal;
}

/** Until it is answered, skipped or stopped (FW3). */
async function forward({ event, skip }: Held, { server, local, stop }: ForwardDeps): Promise<End> {
  const { payload } = event;
  if (payload === null) return { kind: 'skipped', why: 'what is stored of it can not be read' };
  const end = AbortSignal.any([stop, skip.signal]);
  for (let waitMs = RETRY_MS; !end.aborted; waitMs = Math.min(waitMs * 2, RETRY_MAX_MS)) {
    const answer = await server.send(event, payload, { isAgain: false, stop: end });
    if (answer.kind === 'answered') {
      local.answers();
      return { kind: 'answered', forwarded: { event, payload }, answer };
    }
    if (answer.kind === 'unsendable') return { kind: 'skipped', why: `it can not be sent (${answer.why})` };
    if (end.aborted) break;
    local.isAway(answer.why);
    await delay(waitMs, undefined, { signal: end }).catch(() => undefined);
  }
  return stop.aborted ? { kind: 'stopped' } : { kind: 'skipped', why: 'skipped by hand' };
}

interface LocalState {
  answers(): void;
  isAway(why: string): void;
}

function createLocalState({ onAway, onBack }: Pick<ForwarderEvents, 'onAway' | 'onBack'>): LocalState {
  let away = false;
  return {
    answers() {
      if (away) onBack();
      away = false;
    },
    isAway(why) {
      if (!away) onAway(why);
      away = true;
    },
  };
}
