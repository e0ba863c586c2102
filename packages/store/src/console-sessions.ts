import { hash, randomBytes } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import { audit } from './audit.ts';
import type { ConsoleToken, TokenScope } from './console-tokens.ts';
import { inTransaction } from './transaction.ts';

/** Who is signed in with a browser, and what they may do. */
export interface ConsoleSession {
  /** For the audit. */
  readonly name: string;
  readonly scopes: readonly TokenScope[];
  /** null: all tenants. */
  readonly tenant: string | null;
  /** The role of a person that an OIDC provider knows; null: it is of a token. */
  readonly role: string | null;
  readonly expiresAt: Date;
}

export interface NewSession {
  readonly name: string;
  readonly scopes: readonly TokenScope[];
  readonly tenant: string | null;
  /** What it came by, which it does not outlive. */
  readonly by: { readonly token: Pick<ConsoleToken, 'id' | 'expiresAt'> } | { readonly role: string };
  /** The {@link sessionId} of those that the same browser had: they end. */
  readonly instead: readonly string[];
}

export interface StartedSession extends ConsoleSession {
  /** In nothing but this. */
  readonly secret: string;
}

/** A working day; whoever is at it longer signs in again. */
export const SESSION_LASTS_MS = 12 * 3_600_000;
/** A browser that was left open. */
const IDLE = '1 hour';
/** Browsers of one person or token; with one more the one that was idle for longest ends. */
export const SESSIONS_OF_A_NAME = 10;
/** Of all together; a session has some hundred bytes. */
const SESSIONS_IN_ALL = 10_000;
const SESSION_BYTES = 32;
const REMOVED_A_SWEEP = 10_000;

/** 256 random bits can't be guessed: a plain hash keeps them. */
const hashOf = (secret: string) => hash('sha256', secret, 'buffer');
/** Names the session of a secret, and lets nobody in: its SHA-256 in base64url, 43 characters. */
export const sessionId = (secret: string) => hash('sha256', secret, 'base64url');

/** Of a session `s`, joined with its token `t`. */
const LIVE = `s.expires_at > now() and s.used_at > now() - interval '${IDLE}'
          and (s.token_id is null or (t.revoked_at is null and (t.expires_at is null or t.expires_at > now())))`;

const COLUMNS = 's.name, s.scopes, s.tenant, s.role, s.expires_at as "expiresAt"';

/** A new secret at each sign-in: nobody can have put one into the browser before (fixation). */
export async function startSession(pool: Pool, session: NewSession): Promise<StartedSession> {
  const secret = randomBytes(SESSION_BYTES).toString('base64url');
  const { name, scopes, tenant, by, instead } = session;
  const token = 'token' in by ? by.token : null;
  const role = 'role' in by ? by.role : null;
  return inTransaction(pool, async client => {
    if (instead.length > 0) await client.query(ENDED, [instead.map(id => Buffer.from(id, 'base64url'))]);
    await makeRoom(client, name);
    const { rows } = await client.query<ConsoleSession>(
      `insert into console_sessions as s (session_sha256, name, token_id, role, scopes, tenant, expires_at)
       values ($1, $2, $3, $4, $5, $6, least(now() + $7::float8 * interval '1 millisecond', $8::timestamptz))
       returning ${COLUMNS}`,
      [
        hashOf(secret),
        name,
        token?.id ?? null,
        role,
        scopes,
        tenant,
        SESSION_LASTS_MS,
        token?.expiresAt ?? null,
      ],
    );
    const [started] = rows;
    if (started === undefined) throw new Error('an insert without its row');
    const details = { scopes: scopes.join(','), tenant: tenant ?? 'all', ...(role === null ? {} : { role }) };
    await audit(client, { actor: name, action: 'session.started', subject: name, details });
    return { ...started, secret };
  });
}

const ENDED = 'delete from console_sessions where session_sha256 = any($1::bytea[])';

/** Those that were idle for longest go. Two that come at the same moment may both find room: the bound is not an exact one. */
async function makeRoom(client: PoolClient, name: string): Promise<void> {
  await client.query(
    `delete from console_sessions where session_sha256 in (
       (select session_sha256 from console_sessions where name = $1 order by used_at desc offset $2)
       union all
       (select session_sha256 from console_sessions order by used_at desc offset $3))`,
    [name, SESSIONS_OF_A_NAME - 1, SESSIONS_IN_ALL - 1],
  );
}

export interface SessionLook {
  /** A person uses it now: they have another hour. */
  readonly isUse: boolean;
}

/**
 * The live session of this secret, and notes that it was used: once a minute at most. null: there is none, it was ended, has expired or
 * was idle for too long, or the token that it came by is not valid any more.
 */
export async function findSession(
  queryable: Pick<Pool, 'query'>,
  secret: string,
  { isUse }: SessionLook,
): Promise<ConsoleSession | null> {
  const { rows } = await queryable.query<ConsoleSession>(
    `with live as (
       select s.* from console_sessions s left join console_tokens t on t.id = s.token_id
        where s.session_sha256 = $1 and ${LIVE}
     ), used as (
       update console_sessions set used_at = now()
        where session_sha256 in (select session_sha256 from live where $2 and used_at < now() - interval '1 minute')
     )
     select ${COLUMNS} from live s`,
    [hashOf(secret), isUse],
  );
  return rows[0] ?? null;
}

/** False: there is none. */
export async function endSession(pool: Pool, secret: string): Promise<boolean> {
  return inTransaction(pool, async client => {
    const { rows } = await client.query<{ name: string }>(`${ENDED} returning name`, [[hashOf(secret)]]);
    const name = rows[0]?.name;
    if (name === undefined) return false;
    await audit(client, { actor: name, action: 'session.ended', subject: name, details: {} });
    return true;
  });
}

export interface ListedSession extends ConsoleSession {
  /** The name of the token that it came by; null: it has a role. */
  readonly token: string | null;
  readonly createdAt: Date;
  /** To a minute. */
  readonly usedAt: Date;
}

const MAX_LISTED = 1_000;

/** Those that are live; the newest first. */
export async function listSessions(queryable: Pick<Pool, 'query'>): Promise<readonly ListedSession[]> {
  const { rows } = await queryable.query<ListedSession>(
    `select ${COLUMNS}, t.name as token, s.created_at as "createdAt", s.used_at as "usedAt"
       from console_sessions s left join console_tokens t on t.id = s.token_id
      where ${LIVE} order by s.created_at desc, s.session_sha256 limit ${MAX_LISTED}`,
  );
  return rows;
}

/** Signs somebody out of all browsers, for `actor`. Gives how many of the sessions were live. */
export async function endSessionsOf(pool: Pool, name: string, actor: string): Promise<number> {
  return inTransaction(pool, async client => {
    const { rows } = await client.query<{ ended: number }>(
      `with gone as (delete from console_sessions where name = $1 returning *)
       select count(*)::int as ended from gone s left join console_tokens t on t.id = s.token_id where ${LIVE}`,
      [name],
    );
    const ended = rows[0]?.ended ?? 0;
    if (ended > 0)
      await audit(client, { actor, action: 'session.ended', subject: name, details: { sessions: ended } });
    return ended;
  });
}

/** Removes some of those that are over, and returns how many. */
export async function sweepSessions(queryable: Pick<Pool, 'query'>): Promise<number> {
  const { rowCount } = await queryable.query(
    `delete from console_sessions where ctid = any(array(
       select s.ctid from console_sessions s left join console_tokens t on t.id = s.token_id
        where s.expires_at <= now() or s.used_at <= now() - interval '${IDLE}' or t.revoked_at is not null
        limit ${REMOVED_A_SWEEP}))`,
  );
  return rowCount ?? 0;
}
