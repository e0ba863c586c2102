import { followStream, wait } from '../../api/event-stream.ts';
import type { SseMessage } from '../../api/sse.ts';
import { type EventSearch, eventsPath, whyNotLive } from './event-search.ts';
import { type EventRow, isOpen, mergeRows, refreshRows } from './merge-rows.ts';

/** Of a list that goes on by itself: a browser stays quick however long it is left open. */
export const MAX_LIVE_ROWS = 500;
/** Of all that somebody has asked for, page by page. */
const MAX_ROWS = 5_000;
/** Rows near the top are looked at again, since what becomes of their deliveries does not come by the stream. */
const REFRESH_MS = 3_000;
/** With `where` the console reads bodies for it. */
const REFRESH_WHERE_MS = 15_000;
/** Who comes back later than this begins anew, rather than getting all that was missed. */
const AWAY_MS = 5 * 60_000;
/** A proxy that keeps streams back must not keep the list back. */
const PATIENCE_MS = 3_000;

export interface EventPage {
  readonly items: readonly EventRow[];
  readonly next: string | null;
  readonly scannedTo: string | null;
}

/** Where the list goes on: behind a page, or (after rows were let go at its end) by the time of its last row. */
type Older = { readonly cursor: string } | { readonly storedUntil: string } | null;

export interface EventRowsState {
  readonly rows: readonly EventRow[];
  /** Come, and not shown yet. */
  readonly held: readonly EventRow[];
  readonly list: 'loading' | 'ready' | 'failed';
  readonly isLoadingOlder: boolean;
  readonly older: Older;
  readonly scannedTo: string | null;
  /** Why the last look failed, or the stream was refused; null: neither. */
  readonly error: unknown;
  /** off: it is not followed. away: it will go on by itself. */
  readonly stream: 'off' | 'connecting' | 'live' | 'away';
  /** All that have come by the stream: for who hears it rather than sees it. */
  readonly arrived: number;
}

export interface EventRowsDeps {
  /** Its `cursor` goes with the search; an EventSearch alone is the beginning. */
  readonly fetchPage: (
    query: EventSearch & { readonly cursor?: string },
    signal: AbortSignal,
  ) => Promise<EventPage>;
  readonly follow?: typeof followStream;
}

const EMPTY: EventRowsState = {
  rows: [],
  held: [],
  list: 'loading',
  isLoadingOlder: false,
  older: null,
  scannedTo: null,
  error: null,
  stream: 'off',
  arrived: 0,
};

/**
 * The rows of the events page: a list of the API, and in front of it what the stream brings. The stream is opened before the list is read, so
 * nothing falls between the two.
 */
export class EventRows {
  private current = EMPTY;
  private isHeld = false;
  private stop = new AbortController();
  private lastId: string | null = null;
  private readonly listeners = new Set<() => void>();
  private readonly search: EventSearch;
  private readonly deps: EventRowsDeps;

  constructor(search: EventSearch, deps: EventRowsDeps) {
    this.search = search;
    this.deps = deps;
  }

  readonly state = (): EventRowsState => this.current;

  readonly subscribe = (onChange: () => void): (() => void) => {
    this.listeners.add(onChange);
    return () => void this.listeners.delete(onChange);
  };

  /** Until what it returns is called. */
  run(): () => void {
    this.begin();
    const unwatch = watchVisibility({
      onHidden: () => this.stop.abort(),
      onVisible: awayMs => {
        if (awayMs > AWAY_MS) {
          this.lastId = null;
          this.set(EMPTY);
        }
        this.begin();
      },
    });
    return () => {
      unwatch();
      this.stop.abort();
    };
  }

  /** What comes is kept back while somebody reads; false: it is shown, and so is what was kept back. */
  hold(isHeld: boolean): void {
    this.isHeld = isHeld;
    if (!isHeld && this.current.held.length > 0) this.show(this.current.held);
  }

  async older(): Promise<void> {
    const { older, isLoadingOlder, rows } = this.current;
    if (older === null || isLoadingOlder || rows.length >= MAX_ROWS) return;
    this.set({ isLoadingOlder: true });
    const { signal } = this.stop;
    try {
      this.append(await this.deps.fetchPage({ ...this.search, ...older }, signal));
    } catch (error) {
      if (!signal.aborted) this.set({ error });
    } finally {
      this.set({ isLoadingOlder: false });
    }
  }

  private begin(): void {
    this.stop = new AbortController();
    const { signal } = this.stop;
    const isLive = whyNotLive(this.search) === null;
    void this.read(signal, isLive ? this.openStream(signal) : Promise.resolve());
    if (!isLive) return;
    const every = this.search.where === undefined ? REFRESH_MS : REFRESH_WHERE_MS;
    const timer = setInterval(() => void this.refresh(signal).catch(() => undefined), every);
    signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  }

  /** The list, once the stream has its place; where that takes too long, before it too. */
  private async read(signal: AbortSignal, placed: Promise<void>): Promise<void> {
    const isMissing = this.current.list !== 'ready' || this.lastId === null;
    const isInTime = await Promise.race([
      placed.then(() => true),
      wait(PATIENCE_MS, signal).then(() => false),
    ]);
    if (isMissing) await this.load(signal);
    if (isInTime || signal.aborted) return;
    await placed;
    await this.load(signal);
  }

  private async load(signal: AbortSignal): Promise<void> {
    try {
      this.append(await this.deps.fetchPage(this.search, signal));
    } catch (error) {
      if (!signal.aborted) this.set({ list: 'failed', error });
    }
  }

  private append(page: EventPage): void {
    this.set({
      rows: mergeRows(this.current.rows, page.items),
      list: 'ready',
      error: null,
      scannedTo: page.scannedTo,
      older: page.next === null ? null : { cursor: page.next },
    });
  }

  /** Resolves once it is known from where the stream goes on, or that there is none for now. */
  private openStream(signal: AbortSignal): Promise<void> {
    this.set({ stream: 'connecting' });
    const { promise, resolve } = Promise.withResolvers<void>();
    const { follow = followStream } = this.deps;
    const following = follow({
      path: eventsPath(this.search, 'stream'),
      lastId: this.lastId,
      signal,
      onMessage: message => {
        this.onMessage(message);
        resolve();
      },
      onState: now => {
        this.set({ stream: now === 'connected' ? 'live' : 'away' });
        if (now === 'cut') resolve();
      },
    });
    following.catch((error: unknown) => this.set({ stream: 'off', error })).finally(resolve);
    return promise;
  }

  private onMessage({ id, event, data }: SseMessage): void {
    this.lastId = id ?? this.lastId;
    if (event === 'stored') this.arrive(JSON.parse(data) as EventRow);
    else if (event === 'live') this.set({ stream: data.includes('true') ? 'live' : 'away' });
  }

  private arrive(row: EventRow): void {
    this.set({ arrived: this.current.arrived + 1 });
    if (this.isHeld) this.set({ held: mergeRows(this.current.held, [row]).slice(0, MAX_LIVE_ROWS) });
    else this.show([row]);
  }

  /** Where there are too many, the oldest go: they are found again by the time of the last one. */
  private show(come: readonly EventRow[]): void {
    const rows = mergeRows(this.current.rows, come);
    const last = rows[MAX_LIVE_ROWS - 1];
    if (rows.length <= MAX_LIVE_ROWS || last === undefined) return this.set({ rows, held: [] });
    const older = { storedUntil: last.storedAt };
    this.set({ rows: rows.slice(0, MAX_LIVE_ROWS), held: [], older, scannedTo: null });
  }

  /** What the rows near the top have become since. */
  private async refresh(signal: AbortSignal): Promise<void> {
    const { list, rows } = this.current;
    if (list !== 'ready' || !rows.slice(0, FIRST_PAGE).some(isOpen)) return;
    const { items } = await this.deps.fetchPage(this.search, signal);
    if (!signal.aborted) this.set({ rows: refreshRows(this.current.rows, items) });
  }

  private set(changes: Partial<EventRowsState>): void {
    this.current = { ...this.current, ...changes };
    for (const listener of this.listeners) listener();
  }
}

/** Of the API, unless it is asked for more. */
const FIRST_PAGE = 50;

interface Watched {
  readonly onHidden: () => void;
  readonly onVisible: (awayMs: number) => void;
}

/** A tab that nobody sees gives its place at the console back: a caller has five. */
function watchVisibility({ onHidden, onVisible }: Watched): () => void {
  let hiddenAt: number | null = null;
  const onChange = () => {
    if (document.hidden) {
      hiddenAt = Date.now();
      onHidden();
    } else if (hiddenAt !== null) {
      onVisible(Date.now() - hiddenAt);
      hiddenAt = null;
    }
  };
  document.addEventListener('visibilitychange', onChange);
  return () => document.removeEventListener('visibilitychange', onChange);
}
