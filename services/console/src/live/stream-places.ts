import { AppError } from '@ackline/shared/app-error';
import type { Caller } from '../access/caller.ts';

/** Operators with some tabs each; all of them cost one look. */
export const MAX_CLIENTS = 20;
/** So that one script leaves places for the others. */
export const MAX_OF_CALLER = 5;
/** Where there are more callers than places they take turns: each stays long enough to see something. */
export const TURN_MS = 30_000;

type Who = Pick<Caller, 'name' | 'tenant'>;

export interface StreamPlace {
  /** Aborted when somebody else has got it. */
  readonly given: AbortSignal;
  /** Gives it back. */
  leave(): void;
}

export interface StreamPlaces {
  /** Throws ACKLINE_CONSOLE_BUSY. */
  take(who: Who): StreamPlace;
}

interface Taken extends Who {
  readonly at: number;
  readonly give: () => void;
}

/**
 * The places of live streams, in equal shares (A6): where all are taken, a tenant that has fewer gets the oldest place of the one that
 * has most, and so do the callers of a tenant among themselves. Who has none gets one, after a turn of those who have no more than that
 * either. Callers of all tenants count as a tenant. `now`: of a clock that does not go back.
 */
export function createStreamPlaces(now = () => performance.now()): StreamPlaces {
  /** The oldest first. */
  const taken = new Set<Taken>();

  function makeRoom(who: Who): void {
    const all = [...taken];
    const ofTenant = all.filter(({ tenant }) => tenant === who.tenant);
    const place =
      fromWhoHasMore(all, ({ tenant }) => tenant, { who, now: now() }) ??
      fromWhoHasMore(ofTenant, ({ name }) => name, { who, now: now() });
    if (place === null) throw tooMany(`${MAX_CLIENTS} live streams are open`);
    taken.delete(place);
    place.give();
  }

  return {
    take(who) {
      const ofCaller = [...taken].filter(({ name, tenant }) => name === who.name && tenant === who.tenant);
      if (ofCaller.length >= MAX_OF_CALLER)
        throw tooMany(`${MAX_OF_CALLER} live streams of this caller are open`);
      if (taken.size >= MAX_CLIENTS) makeRoom(who);
      const given = new AbortController();
      const place = { name: who.name, tenant: who.tenant, at: now(), give: () => given.abort() };
      taken.add(place);
      return { given: given.signal, leave: () => void taken.delete(place) };
    },
  };
}

/** Who gives one still has as many as who gets it: so none goes to and fro. */
const AHEAD_BY = 2;

/** null: nobody is to give one. */
function fromWhoHasMore(
  taken: readonly Taken[],
  shareOf: (who: Who) => string | null,
  { who, now }: { readonly who: Who; readonly now: number },
): Taken | null {
  const shares = Map.groupBy(taken, shareOf);
  const own = shares.get(shareOf(who))?.length ?? 0;
  const largest = longest([...shares.values()]);
  const isAhead = largest.length >= own + AHEAD_BY;
  if (!isAhead && own > 0) return null;
  const place = longest([...Map.groupBy(largest, ({ name }) => name).values()])[0] ?? null;
  return isAhead || (place !== null && now - place.at >= TURN_MS) ? place : null;
}

/** Of those that are as long, the first. */
function longest<Item>(lists: readonly (readonly Item[])[]): readonly Item[] {
  return lists.reduce((found, list) => (list.length > found.length ? list : found), []);
}

const tooMany = (what: string) => new AppError('ACKLINE_CONSOLE_BUSY', `${what}, and there are no more`);
