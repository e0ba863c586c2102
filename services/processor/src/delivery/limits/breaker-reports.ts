import type { Logger } from '@ackline/runtime/logger';
import type { ChangedState, HealthReport, ProbeEnd } from '@ackline/store/destination-states';
import { createFlushableWork } from '../../flushable-work.ts';
import type { Asked, BreakerNews, SharedBreaker } from './shared-breaker.ts';

/** Between tries while PostgreSQL is away. */
const RETRY_WAIT_MS = 500;

export interface BreakerStore {
  reportHealth(reports: readonly HealthReport[]): Promise<readonly ChangedState[]>;
  endProbe(end: ProbeEnd): Promise<ChangedState | null>;
  reset(name: string): Promise<ChangedState | null>;
}

/** Tells PostgreSQL what there is new about breakers: what comes while one statement runs goes together in the next. */
export interface BreakerReports {
  /** It has news. */
  add(breaker: SharedBreaker): void;
  /** Resolves when all that was added before is told; what can't be told now is dropped from here on. */
  flush(): Promise<void>;
}

export interface BreakerReportsDeps {
  readonly store: BreakerStore;
  readonly log: Logger;
  /** States were learned: attempts may be possible again. */
  readonly onLearned: () => void;
  /** This processor's failures have opened the circuit of a destination. */
  readonly onOpened: (destination: string) => void;
  readonly wait: (ms: number) => Promise<void>;
}

interface Told {
  readonly breaker: SharedBreaker;
  readonly news: BreakerNews;
  readonly asked: Asked;
}

export function createBreakerReports(deps: BreakerReportsDeps): BreakerReports {
  const waiting = new Set<SharedBreaker>();
  const work = createFlushableWork(() => waiting.size > 0, tellAll);
  let isEnding = false;

  async function tellAll(): Promise<void> {
    // After the microtasks of this turn: what ended together goes in one statement.
    await new Promise<void>(resolve => setImmediate(resolve));
    while (waiting.size > 0) {
      const round = [...waiting].flatMap(takeNews);
      waiting.clear();
      if (round.length === 0) return;
      const untold = await tellRound(round, deps);
      for (const { breaker, news } of untold) breaker.giveBack(news);
      // Those that were told may have news since.
      for (const one of round) if (!isEnding || !untold.includes(one)) waiting.add(one.breaker);
      if (untold.length > 0) await deps.wait(RETRY_WAIT_MS);
      deps.onLearned();
    }
  }

  return {
    add(breaker) {
      waiting.add(breaker);
      work.start();
    },
    async flush() {
      isEnding = true;
      await work.flush();
    },
  };
}

function takeNews(breaker: SharedBreaker): readonly Told[] {
  const asked = breaker.ask();
  const news = breaker.takeNews();
  return news === null ? [] : [{ breaker, news, asked }];
}

/** What attempts came to goes in one statement for all, each other change in its own. Returns what could not be told. */
async function tellRound(round: readonly Told[], deps: BreakerReportsDeps): Promise<readonly Told[]> {
  const reports = round.flatMap(({ news }) => (news.kind === 'health' ? [news.report] : []));
  const [ofHealth, changes] = [
    round.filter(({ news }) => news.kind === 'health'),
    round.filter(({ news }) => news.kind !== 'health'),
  ];
  const untold = await Promise.all([
    ofHealth.length === 0 ? [] : tell(ofHealth, () => deps.store.reportHealth(reports), deps),
    ...changes.map(one => tell([one], () => sendChange(one.news, deps.store), deps)),
  ]);
  return untold.flat();
}

async function sendChange(news: BreakerNews, store: BreakerStore): Promise<readonly ChangedState[]> {
  if (news.kind === 'health') return [];
  const state = await (news.kind === 'reset' ? store.reset(news.name) : store.endProbe(news.end));
  return state === null ? [] : [state];
}

async function tell(
  round: readonly Told[],
  send: () => Promise<readonly ChangedState[]>,
  { log, onOpened }: Pick<BreakerReportsDeps, 'log' | 'onOpened'>,
): Promise<readonly Told[]> {
  try {
    const states = new Map((await send()).map(state => [state.name, state]));
    for (const { breaker, news, asked } of round) {
      const state = states.get(nameOf(news)) ?? null;
      breaker.answered(state, asked);
      if (state?.changed !== true) continue;
      logChange(log, news, state);
      if (news.kind === 'health') onOpened(state.name);
    }
    return [];
  } catch (error) {
    log.warn({ err: error }, 'breaker.not-told');
    return round;
  }
}

function nameOf(news: BreakerNews): string {
  switch (news.kind) {
    case 'health':
      return news.report.name;
    case 'probe':
      return news.end.name;
    case 'reset':
      return news.name;
    default: {
      const never: never = news;
      return never;
    }
  }
}

/** Once for all processors: by the one that made the change. */
function logChange(log: Logger, news: BreakerNews, { name, status, failures }: ChangedState): void {
  if (news.kind === 'health') log.error({ destination: name }, `Circuit breaker OPEN - ${failures} failures`);
  else log.info({ destination: name, status, failures }, 'breaker.changed');
}
