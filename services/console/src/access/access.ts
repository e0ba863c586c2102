import type { IncomingMessage } from 'node:http';
import { AppError } from '@ackline/shared/app-error';
import { SCOPES } from '../api/route.ts';
import type { Caller } from './caller.ts';
import type { FindToken } from './find-token.ts';

export interface AccessDeps {
  /** Only this machine reaches the console, in development: a call without a token is of whoever is on it. */
  readonly isLocal: boolean;
  /** Their name, for the audit. */
  readonly localName: string;
  readonly findToken: FindToken;
}

/** Says who calls. Throws ACKLINE_TOKEN_MISSING. */
export type Access = (request: IncomingMessage) => Promise<Caller>;

const BEARER = /^Bearer ([\w-]{20,200})$/i;
/** Through a proxy a call comes from anywhere, though the connection is of this machine. Not every proxy says so. */
const FORWARDED = /^(?:via|forwarded|x-forwarded-.*|x-real-ip|cf-connecting-ip|true-client-ip)$/;

export function createAccess({ isLocal, localName, findToken }: AccessDeps): Access {
  const local: Caller = { name: localName, scopes: new Set(SCOPES), tenant: null };
  return async request => {
    const { authorization } = request.headers;
    if (authorization === undefined) {
      if (isLocal && !Object.keys(request.headers).some(name => FORWARDED.test(name))) return local;
      throw new AppError('ACKLINE_TOKEN_MISSING');
    }
    const token = BEARER.exec(authorization)?.[1];
    if (token === undefined) throw new AppError('ACKLINE_TOKEN_MISSING');
    const known = await findToken(token);
    if (known === null) throw new AppError('ACKLINE_TOKEN_MISSING');
    // No name of a person: those are without the word before it.
    return { name: `token:${known.name}`, scopes: new Set(known.scopes), tenant: known.tenant };
  };
}
