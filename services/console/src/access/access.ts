import type { IncomingMessage } from 'node:http';
import { AppError } from '@ackline/shared/app-error';
import type { ConsoleSession, SessionLook } from '@ackline/store/console-sessions';
import type { ConsoleToken } from '@ackline/store/console-tokens';
import { SCOPES } from '../api/route.ts';
import { isInBackground } from './background.ts';
import type { Caller } from './caller.ts';
import { readCookie, SESSION_COOKIE } from './cookies.ts';
import type { Find } from './find-known.ts';
import { cameByHttps, type OriginRules } from './origin.ts';

export interface AccessDeps {
  /** Only this machine reaches the console, in development: a call without a token is of whoever is on it. */
  readonly rules: OriginRules;
  /** Their name, for the audit. */
  readonly localName: string;
  readonly findToken: Find<ConsoleToken>;
  readonly findSession: Find<ConsoleSession, [SessionLook]>;
}

/** Says who calls. Throws ACKLINE_TOKEN_MISSING. */
export type Access = (request: Pick<IncomingMessage, 'headers'>) => Promise<Caller>;

/** A token is shown, whether it is whole or not. Another scheme is of a proxy in front, for which the browser sends it. */
const SHOWS_TOKEN = /^Bearer\b/i;
const BEARER = /^Bearer ([\w-]{20,200})$/i;
const SESSION = /^[\w-]{20,200}$/;
/** Through a proxy a call comes from anywhere, though the connection is of this machine. Not every proxy says so. */
const FORWARDED = /^(?:via|forwarded|x-forwarded-.*|x-real-ip|cf-connecting-ip|true-client-ip)$/;

export function createAccess({ rules, localName, findToken, findSession }: AccessDeps): Access {
  const local: Caller = { name: localName, scopes: new Set(SCOPES), tenant: null, by: 'machine' };

  async function byToken(authorization: string): Promise<Caller | null> {
    const token = BEARER.exec(authorization)?.[1];
    const known = token === undefined ? null : await findToken(token);
    return known === null ? null : callerOf(known, { name: tokenName(known), by: 'token' });
  }
  async function bySession(request: Pick<IncomingMessage, 'headers'>): Promise<Caller | null> {
    const secret = sessionOf(request, rules);
    const known = secret === null ? null : await findSession(secret, { isUse: !isInBackground(request) });
    return known === null ? null : callerOf(known, { name: known.name, by: 'session' });
  }

  return async request => {
    const { authorization } = request.headers;
    // A cookie comes by itself, a token is meant: so it holds, and where it is wrong nothing else does.
    const isToken = authorization !== undefined && SHOWS_TOKEN.test(authorization);
    const caller = isToken ? await byToken(authorization) : await bySession(request);
    if (caller !== null) return caller;
    if (authorization === undefined && isOfThisMachine(request, rules)) return local;
    throw new AppError('ACKLINE_TOKEN_MISSING');
  };
}

/** Whoever calls needs not be known by more than that. */
export function isOfThisMachine(
  { headers }: Pick<IncomingMessage, 'headers'>,
  { isLocal }: Pick<OriginRules, 'isLocal'>,
): boolean {
  return isLocal && !Object.keys(headers).some(name => FORWARDED.test(name));
}

/** The secret of the cookie; null: there is none. */
export function sessionOf(request: Pick<IncomingMessage, 'headers'>, rules: OriginRules): string | null {
  const secret = readCookie(request, SESSION_COOKIE, { isHttps: cameByHttps(request, rules) });
  return secret !== null && SESSION.test(secret) ? secret : null;
}

/** No name of a person: those are without the word before it. */
export const tokenName = ({ name }: Pick<ConsoleToken, 'name'>) => `token:${name}`;

function callerOf(
  { scopes, tenant }: Pick<ConsoleToken, 'scopes' | 'tenant'>,
  known: Pick<Caller, 'name' | 'by'>,
): Caller {
  return { ...known, scopes: new Set(scopes), tenant };
}
