import { createHmac } from 'node:crypto';
import type { Pool } from 'pg';

/** Tells which rows of a source have the same key, and not which it is: a key may be a phone number. `#` and 8 digits. */
export type HideKey = (source: string, key: string) => string;

const SHOWN_DIGITS = 8;

/**
 * The same for all that ask this database, and of use to nobody without its secret: phone numbers are few enough to be tried through
 * by a plain hash.
 */
export async function readHideKey(queryable: Pick<Pool, 'query'>): Promise<HideKey> {
  const { rows } = await queryable.query<{ secret: Buffer }>('select secret from hidden_keys_secret');
  const [row] = rows;
  if (row === undefined) throw new Error('the secret of hidden keys is gone from the database');
  return (source, key) => {
    const hmac = createHmac('sha256', row.secret).update(`${source}\n${key}`).digest('hex');
    return `#${hmac.slice(0, SHOWN_DIGITS)}`;
  };
}
