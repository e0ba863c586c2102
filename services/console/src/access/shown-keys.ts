import { type HideKey, readHideKey } from '@ackline/store/hidden-keys';
import type { Pool } from 'pg';
import type { Caller } from './caller.ts';

/** A key as a caller sees it. One of two for all callers. */
export type ShowKey = <Key extends string | null>(source: string, key: Key) => Key | string;

/** How keys are shown to a caller: as they are to who may see payloads and has not asked for hashes. */
export type ShowKeysTo = (
  caller: Pick<Caller, 'scopes'>,
  asked?: { readonly keys?: 'hidden' | undefined },
) => Promise<ShowKey>;

const asItIs: ShowKey = (_, key) => key;
const hiddenBy =
  (hide: HideKey): ShowKey =>
  (source, key) =>
    key === null ? key : hide(source, key);

/** The secret of hidden keys is read once. */
export function createShowKeys(reads: Pick<Pool, 'query'>): ShowKeysTo {
  let hidden: ShowKey | null = null;
  return async ({ scopes }, { keys } = {}) => {
    if (scopes.has('payload') && keys !== 'hidden') return asItIs;
    hidden ??= hiddenBy(await readHideKey(reads));
    return hidden;
  };
}
