import type { IncomingMessage } from 'node:http';
import { AppError } from '@ackline/shared/app-error';

const LOCAL_NAMES: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

export interface OriginRules {
  /** Without a token only the names of this machine will do: a page whose own name leads here (DNS rebinding) has another. */
  readonly isLocal: boolean;
}

/** Whether the name that was called is one of ours. Throws ACKLINE_WRONG_ORIGIN. */
export function checkHost({ headers }: Pick<IncomingMessage, 'headers'>, { isLocal }: OriginRules): void {
  const host = calledHost(headers);
  if (host === null || (isLocal && !LOCAL_NAMES.has(host.hostname)))
    throw new AppError('ACKLINE_WRONG_ORIGIN');
}

/**
 * Refuses a call that a browser makes for another page, by where it says that it comes from. Throws ACKLINE_WRONG_ORIGIN. A program
 * that is no browser says nothing of it, and is believed.
 */
export function checkOrigin({ headers }: Pick<IncomingMessage, 'headers'>): void {
  const { origin } = headers;
  // A browser sends `null` for a page that it does not name: never ours.
  if (origin !== undefined && URL.parse(origin)?.host !== calledHost(headers)?.host)
    throw new AppError('ACKLINE_WRONG_ORIGIN');
  const site = headers['sec-fetch-site'];
  if (site === 'cross-site' || site === 'same-site') throw new AppError('ACKLINE_WRONG_ORIGIN');
}

function calledHost({ host }: IncomingMessage['headers']): URL | null {
  const url = URL.parse(`http://${host ?? ''}`);
  return url === null || url.host === '' ? null : url;
}
