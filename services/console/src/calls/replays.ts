import type { Logger } from '@ackline/runtime/logger';
import { AppError } from '@ackline/shared/app-error';
import { countReplay } from '@ackline/store/replay-count';
import {
  changeReplay,
  countUnstartedReplays,
  insertReplay,
  type NewReplay,
  pageReplays,
  type Replay,
  type ReplayChange,
  readReplay,
  type ReplayFilter,
} from '@ackline/store/replays';
import type { Pool } from 'pg';
import { type Caller, maySee, tenantOf } from '../access/caller.ts';
import type { replayRoutes } from '../api/replays.ts';
import type { Declared } from '../declared.ts';
import type { Call, CallsOf } from './call.ts';
import { readTimeCursor, timeCursor } from './cursors.ts';

export interface ReplayCallsDeps {
  readonly reads: Pool;
  readonly changes: Pool;
  readonly declared: () => Declared;
  readonly log: Pick<Logger, 'warn'>;
}

/** What start, continue and cancel have in common. */
type ChangeCall = Pick<Call<typeof replayRoutes.startReplay>, 'params' | 'caller'>;

/** They share the connections for changes, a page at a time; more would only be slower. One a tenant. */
const COUNTED_AT_A_TIME = 2;
/** Each lists what it would send, and keeps the list for an hour. */
export const MAX_UNSTARTED = 3;

export function createReplayCalls(deps: ReplayCallsDeps): CallsOf<typeof replayRoutes> {
  const { reads } = deps;
  const begin = createCounting(deps);
  const change = (kind: Exclude<ReplayChange, 'forget'>) => (call: ChangeCall) => changeOne(kind, call, deps);
  return {
    async createReplay({ body, caller }) {
      const filter = filterOf(body.filter, caller);
      const { ratePerS, trickle } = body;
      const id = await begin({ filter, actor: caller.name, ratePerS, trickle });
      return { json: shownReplay(await find(reads, id, caller)) };
    },
    async listReplays({ query: { limit, cursor }, caller }) {
      const before = readTimeCursor(cursor);
      const tenant = tenantOf(caller, undefined) ?? null;
      const found = await pageReplays(reads, tenant, { before, limit: limit + 1 });
      const items = found.slice(0, limit);
      const last = items.at(-1);
      return {
        json: {
          items: items.map(shownReplay),
          next: found.length > limit && last !== undefined ? timeCursor(last.place) : null,
          scannedTo: null,
        },
      };
    },
    async readReplay({ params, caller }) {
      const replay = await find(reads, params.id, caller);
      const { open, retrying, parkedAgain, delivered, discarded } = replay;
      return { json: { ...shownReplay(replay), open, retrying, parkedAgain, delivered, discarded } };
    },
    startReplay: change('start'),
    continueReplay: change('continue'),
    cancelReplay: change('cancel'),
  };
}

/**
 * Counting goes on after the answer: it turns pages for as long as there are any. Where it ends with the process, the replay is
 * forgotten after an hour. A place is taken before anything is waited for, so calls that come together do not all find it free.
 */
function createCounting({
  reads,
  changes,
  declared,
  log,
}: ReplayCallsDeps): (replay: NewReplay) => Promise<string> {
  /** Whose replays are being counted; null: those of all tenants. */
  const counting = new Set<string | null>();
  return async replay => {
    const { filter, actor } = replay;
    const tenant = filter.tenant ?? null;
    if (counting.has(tenant) || counting.size >= COUNTED_AT_A_TIME)
      throw new AppError('ACKLINE_CONSOLE_BUSY', 'Other replays are being counted');
    counting.add(tenant);
    try {
      await checkUnstarted(reads, tenant);
      const id = await insertReplay(changes, replay);
      const keptDays = declared().ackline.retention.eventsDays;
      void countReplay(changes, { id, filter, actor, keptDays })
        .catch((error: unknown) => log.warn({ err: error, replay: id }, 'replay.not-counted'))
        .finally(() => counting.delete(tenant));
      return id;
    } catch (error) {
      counting.delete(tenant);
      throw error;
    }
  };
}

async function checkUnstarted(reads: Pool, tenant: string | null): Promise<void> {
  if ((await countUnstartedReplays(reads, tenant)) >= MAX_UNSTARTED)
    throw new AppError(
      'ACKLINE_REPLAYS_NOT_STARTED',
      `${MAX_UNSTARTED} replays wait to be started: start or cancel one of them first`,
    );
}

async function find(reads: Pool, id: string, caller: Caller) {
  const replay = await readReplay(reads, id);
  if (replay === null || !maySeeReplay(caller, replay.filter)) throw noReplay(id);
  return replay;
}

async function changeOne(
  kind: Exclude<ReplayChange, 'forget'>,
  { params: { id }, caller }: ChangeCall,
  { reads, changes }: ReplayCallsDeps,
) {
  await find(reads, id, caller);
  const changed = await changeReplay(changes, id, { change: kind, actor: caller.name });
  if (changed.kind === 'changed') return { json: shownReplay(changed.replay) };
  if (changed.kind === 'not-found') throw noReplay(id);
  throw new AppError(
    'ACKLINE_WRONG_STATE',
    `The replay is ${changed.state}: ${kind} is for one that is ${ONLY[kind]}`,
  );
}

const ONLY = { start: 'announced', continue: 'stopped', cancel: 'not finished' } as const;

const noReplay = (id: string) => new AppError('ACKLINE_NOT_FOUND', `There is no replay with the id ${id}`);

/** Of all tenants, it is no tenant's. */
function maySeeReplay(caller: Caller, { tenant }: ReplayFilter): boolean {
  return caller.tenant === null || (tenant !== undefined && maySee(caller, tenant));
}

function filterOf(
  given: Call<typeof replayRoutes.createReplay>['body']['filter'],
  caller: Caller,
): ReplayFilter {
  const { state, ...named } = { ...given, tenant: tenantOf(caller, given.tenant) };
  return { state, ...Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined)) };
}

function shownReplay(replay: Replay) {
  const { id, createdBy, filter, ratePerS, trickle, state, counted, released, skipped, left, reason } =
    replay;
  return {
    id,
    createdAt: replay.createdAt.toISOString(),
    createdBy,
    filter,
    ratePerS,
    trickle,
    state,
    counted,
    released,
    skipped,
    left,
    reason,
    changedAt: replay.changedAt.toISOString(),
    finishedAt: replay.finishedAt?.toISOString() ?? null,
  };
}
