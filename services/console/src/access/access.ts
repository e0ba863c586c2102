import type { IncomingMessage } from 'node:http';
import { AppError } from '@ackline/shared/app-error';
import type { ConsoleToken } from '@ackline/store/console-tokens';
import { SCOPES } from '../api/route.ts';
import type { Caller } from './caller.ts';
import type { RefusalLimit } from './refusal-limit.ts';

export interface AccessDeps {
  /** The console listens on loopback: a call without a token is of whoever is on this machine. */
  readonly isLocal: boolean;
  /** Their name, for the audit. */
  readonly localName: string;
  /** null: it is no token, or a dead one. */
  readonly findToken: (token: string) => Promise<ConsoleToken | null>;
  readonly refusals: RefusalLimit;
}

/** Says who calls. Throws ACKLINE_TOKEN_MISSING or ACKLINE_TOO_MANY_REFUSALS. */
export type Access = (request: IncomingMessage) => Promise<Caller>;

const BEARER = /^Bearer ([\w-]{20,200})$/i;
/** Through a proxy a call comes from anywhere, though the connection is of this machine. */
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip'] as const;

export function createAccess({ isLocal, localName, findToken, refusals }: AccessDeps): Access {
  const local: Caller = { name: localName, scopes: new Set(SCOPES), tenant: null };
  return async request => {
    const { authorization } = request.headers;
    if (authorization === undefined) {
      if (isLocal && !FORWARDED.some(name => request.headers[name] !== undefined)) return local;
      throw new AppError('ACKLINE_TOKEN_MISSING');
    }
    const token = BEARER.exec(authorization)?.[1];
    if (token === undefined) throw new AppError('ACKLINE_TOKEN_MISSING');
    const address = request.socket.remoteAddress ?? 'unknown';
    await refusals.check(address, token);
    const known = await findToken(token);
    if (known === null) {
      await refusals.refused(address, token);
      throw new AppError('ACKLINE_TOKEN_MISSING');
    }
    refusals.accepted(token);
    // No name of a person: those are without the word before it.
    return { name: `token:${known.name}`, scopes: new Set(known.scopes), tenant: known.tenant };
  };
}
