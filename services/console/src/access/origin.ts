import type { IncomingMessage } from 'node:http';
import { AppError } from '@ackline/shared/app-error';

const LOCAL_NAMES: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

type Headed = Pick<IncomingMessage, 'headers'>;

export interface OriginRules {
  /** Without a token only the names of this machine will do: a page whose own name leads here (DNS rebinding) has another. */
  readonly isLocal: boolean;
  /** Where people open the console, by CONSOLE_PUBLIC_URL; null: that is not said, and goes by the name that is called. */
  readonly publicUrl: URL | null;
}

/** Whether the name that was called is one of ours. Throws ACKLINE_WRONG_ORIGIN. */
export function checkHost({ headers }: Headed, { isLocal }: Pick<OriginRules, 'isLocal'>): void {
  const host = calledHost(headers);
  if (host === null || (isLocal && !LOCAL_NAMES.has(host.hostname)))
    throw new AppError('ACKLINE_WRONG_ORIGIN');
}

/**
 * Refuses a call that a browser makes for another page, by where it says that it comes from. Throws ACKLINE_WRONG_ORIGIN. A program
 * that is no browser says nothing of it, and is believed: unless it shows a cookie ({@link checkOwnPage}).
 */
export function checkOrigin(request: Headed, rules: OriginRules): void {
  const { origin } = request.headers;
  // A browser sends `null` for a page that it does not name: never ours.
  if (origin !== undefined && !isOwn(origin, request, rules)) throw new AppError('ACKLINE_WRONG_ORIGIN');
  const site = request.headers['sec-fetch-site'];
  if (site === 'cross-site' || site === 'same-site') throw new AppError('ACKLINE_WRONG_ORIGIN');
}

/**
 * Behind {@link checkOrigin}: whether the browser says that the call comes from a page of the console. A cookie comes by itself, so
 * that where nothing is said the person may not have meant it. Throws ACKLINE_WRONG_ORIGIN.
 */
export function checkOwnPage({ headers }: Headed): void {
  if (headers['sec-fetch-site'] === 'same-origin' || headers.origin !== undefined) return;
  throw new AppError(
    'ACKLINE_WRONG_ORIGIN',
    'The browser does not say that a page of the console makes this call (Sec-Fetch-Site, Origin)',
  );
}

/** Whether the browser came by https, as far as it can be known behind a proxy that ends TLS. */
export function cameByHttps({ headers }: Headed, { publicUrl }: Pick<OriginRules, 'publicUrl'>): boolean {
  const [first] = String(headers['x-forwarded-proto'] ?? '').split(',');
  if (first?.trim().toLowerCase() === 'https') return true;
  if (publicUrl?.protocol !== 'https:') return false;
  // By a forwarded port of this machine (`kubectl port-forward`) it is http all the same.
  return !LOCAL_NAMES.has(calledHost(headers)?.hostname ?? '');
}

function isOwn(origin: string, request: Headed, { publicUrl }: OriginRules): boolean {
  const url = URL.parse(origin);
  if (url === null) return false;
  if (url.origin === publicUrl?.origin) return true;
  // Not a page of the same name that came without TLS, and that anybody on the way can have written.
  if (url.protocol !== 'https:' && cameByHttps(request, { publicUrl })) return false;
  return url.host === calledHost(request.headers)?.host;
}

function calledHost({ host }: IncomingMessage['headers']): URL | null {
  const url = URL.parse(`http://${host ?? ''}`);
  return url === null || url.host === '' ? null : url;
}
