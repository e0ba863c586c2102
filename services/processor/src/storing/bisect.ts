import type { Pool, PoolClient } from 'pg';
import { type Decisions, DecidesTooMuch } from './decisions.ts';
import { asInvalid, type Item, lockLanesOf, takeItems } from './lane-item.ts';
import { takesPlainEvent } from './plain-event.ts';
import type { StoringRules } from './store-events.ts';
import { isLockedOut, isPlaceTaken, isPoison, isTooMuch, StoreRefusesAll } from './store-failures.ts';

/** Runs one transaction: `take` locks and takes from the logs, and what it returns is stored. `known`: what it is sure to return (S6). */
export type Transact = (
  take: (client: PoolClient) => Promise<readonly Item[]>,
  known: readonly Item[],
) => Promise<void>;

/**
 * Stores items of one transaction that failed, in smaller ones, and quarantines those that can't be stored (S4). In order, so
 * that none of a lane overtakes one before it; what is stored stays so where a later part fails.
 */
export interface Bisector {
  /** All of them at first. */
  store(items: readonly Item[]): Promise<void>;
  /** All of them were tried already. */
  storeApart(items: readonly Item[], failure: Error): Promise<void>;
}

export interface BisectorDeps {
  readonly pool: Pool;
  readonly rules: () => StoringRules;
  readonly decisions: Decisions;
  readonly listener: { refused(reason: string): void };
}

/** The invariants are those of lane-storer.ts. One item in n that can't be stored costs about 2 log n transactions, and three more. */
export function createBisector(transact: Transact, deps: BisectorDeps): Bisector {
  const { decisions } = deps;

  /** null: they are stored; else what a smaller part may help against. */
  async function tryStore(items: readonly Item[]): Promise<Error | null> {
    let locked = false;
    try {
      await transact(async client => {
        await lockLanesOf(client, items); // (S2)
        locked = true;
        return takeItems(client, items);
      }, items);
      return null;
    } catch (error) {
      if (isPoison(error) || error instanceof DecidesTooMuch) return error;
      // Where a lane was not had in time, a smaller part would wait as long.
      if (locked && isTooMuch(error)) return error;
      throw error;
    }
  }

  async function store(items: readonly Item[]): Promise<void> {
    const failure = await tryStore(items);
    if (failure !== null) await storeApart(items, failure);
  }

  async function storeApart(items: readonly Item[], failure: Error): Promise<void> {
    const [only] = items;
    if (only === undefined) throw failure;
    if (items.length === 1) return storeAlone(only, failure);
    const middle = Math.ceil(items.length / 2);
    const [first, second] = [items.slice(0, middle), items.slice(middle)];
    const ofFirst = await tryStore(first);
    if (ofFirst !== null) await storeApart(first, ofFirst);
    // What the first half does not hold, the second does: it needs no try as a whole.
    const known = ofFirst === null && isPoison(failure) && second.length > 1;
    await (known ? storeApart(second, failure) : store(second));
  }

  /** An item that failed alone: what PostgreSQL can't hold is kept in quarantine, what it has no time for stays whole (S4). */
  async function storeAlone(item: Item, failure: Error): Promise<void> {
    if (!isForGood(item, failure)) throw failure;
    if (!(await isItsOwnFault(item, failure, deps))) throw refusalOf(failure, deps.listener);
    // PostgreSQL may have begun to take events just before the plain one: the item's own fault shows once more.
    const again = await tryStore([item]);
    if (again === null) return;
    if (!isForGood(item, again)) throw again;
    if (isPoison(again)) return quarantineItem(item, again);
    decisions.keepWhole(item);
    await store([item]);
  }

  function isForGood(item: Item, failure: Error): boolean {
    return isPoison(failure) || (decisions.isSplit(item) && !isLockedOut(failure));
  }

  async function quarantineItem(item: Item, { code }: { readonly code: string }): Promise<void> {
    const invalid = asInvalid(item, `SQLSTATE ${code}`);
    await transact(async client => {
      await lockLanesOf(client, [invalid]); // (S2)
      return takeItems(client, [invalid]);
    }, []);
  }

  return { store, storeApart };
}

function refusalOf(failure: Error, listener: BisectorDeps['listener']): Error {
  if (!isPoison(failure)) return failure;
  const refusal = new StoreRefusesAll(failure);
  listener.refused(refusal.reason);
  return refusal;
}

async function isItsOwnFault(
  item: Item,
  refusal: Error,
  { pool, rules, decisions }: BisectorDeps,
): Promise<boolean> {
  if (isPlaceTaken(refusal)) return false;
  const inForce = rules();
  const [event] = await decisions.before([item], inForce);
  return event === undefined || takesPlainEvent(pool, event, inForce, isPoison);
}
