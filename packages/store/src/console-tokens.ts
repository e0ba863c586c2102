import { hash, randomBytes } from 'node:crypto';
import type { Pool } from 'pg';
import { audit } from './audit.ts';
import { inTransaction } from './transaction.ts';

/** What a token of the operator API may do. None of them holds another one. */
export const TOKEN_SCOPES = ['view', 'payload', 'operate', 'configure'] as const;
export type TokenScope = (typeof TOKEN_SCOPES)[number];

export interface ConsoleToken {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly TokenScope[];
  /** null: all tenants. */
  readonly tenant: string | null;
  readonly createdAt: Date;
  readonly createdBy: string;
  /** null: never. */
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  /** To a minute. */
  readonly lastUsedAt: Date | null;
}

export interface NewToken {
  readonly name: string;
  readonly scopes: readonly TokenScope[];
  readonly tenant: string | null;
  /** From now; null: it does not expire. */
  readonly expiresInMs: number | null;
  readonly actor: string;
}

/** So that one is known by its looks, to people and to scanners of secrets. */
const PREFIX = 'ackline_';
const TOKEN_BYTES = 32;
const MAX_LISTED = 1_000;

/** 256 random bits can't be guessed: a plain hash keeps them, and costs a call nothing. */
const hashOf = (token: string) => hash('sha256', token, 'buffer');

/** The token itself is in nothing but the result. null: a live one has the name. */
export async function createToken(
  pool: Pool,
  { name, scopes, tenant, expiresInMs, actor }: NewToken,
): Promise<string | null> {
  const token = PREFIX + randomBytes(TOKEN_BYTES).toString('base64url');
  return inTransaction(pool, async client => {
    const { rowCount } = await client.query(
      `insert into console_tokens (name, token_sha256, scopes, tenant, created_by, expires_at)
       values ($1, $2, $3, $4, $5, now() + $6::float8 * interval '1 millisecond')
       on conflict (name) where revoked_at is null do nothing`,
      [name, hashOf(token), scopes, tenant, actor, expiresInMs],
    );
    if (rowCount !== 1) return null;
    const details = { scopes: scopes.join(','), tenant: tenant ?? 'all' };
    await audit(client, { actor, action: 'token.created', subject: name, details });
    return token;
  });
}

/** False: no live token has the name. */
export async function revokeToken(pool: Pool, name: string, actor: string): Promise<boolean> {
  return inTransaction(pool, async client => {
    const { rowCount } = await client.query(
      'update console_tokens set revoked_at = now() where name = $1 and revoked_at is null',
      [name],
    );
    if (rowCount !== 1) return false;
    const details = { before: 'live', after: 'revoked' };
    await audit(client, { actor, action: 'token.revoked', subject: name, details });
    return true;
  });
}

const COLUMNS = `id, name, scopes, tenant, created_at as "createdAt", created_by as "createdBy", expires_at as "expiresAt",
  revoked_at as "revokedAt", last_used_at as "lastUsedAt"`;

/** Those that were revoked too; the newest first. */
export async function listTokens(queryable: Pick<Pool, 'query'>): Promise<readonly ConsoleToken[]> {
  const { rows } = await queryable.query<ConsoleToken>(
    `select ${COLUMNS} from console_tokens order by created_at desc, id limit ${MAX_LISTED}`,
  );
  return rows;
}

/**
 * The live token that this is, and notes that it was used: once a minute at most, so that calls cost no writes. null: there is
 * none, or it has expired or was revoked.
 */
export async function useToken(queryable: Pick<Pool, 'query'>, token: string): Promise<ConsoleToken | null> {
  const { rows } = await queryable.query<ConsoleToken>(
    `with used as (
       update console_tokens set last_used_at = now()
        where token_sha256 = $1 and revoked_at is null and (expires_at is null or expires_at > now())
          and (last_used_at is null or last_used_at < now() - interval '1 minute')
     )
     select ${COLUMNS} from console_tokens
      where token_sha256 = $1 and revoked_at is null and (expires_at is null or expires_at > now())`,
    [hashOf(token)],
  );
  return rows[0] ?? null;
}
