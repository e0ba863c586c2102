/** The form of a Host header: a name, or an address, and a port. */
const HOST = /^(?:[A-Za-z0-9._-]{1,253}|\[[0-9a-fA-F:.]{2,45}\])(?::\d{1,5})?$/;

export interface CalledRequest {
  /** The request target as it stood in the request line. */
  readonly target: string;
  /** The Host header. */
  readonly host: string | undefined;
}

/**
 * The URL as the provider called it: the declared public base URL and the path and query exactly as they came, since
 * providers sign these very characters. Without a declared one (development, and providers that do not sign it) the Host
 * header stands in.
 */
export function calledUrl(publicUrl: string | null, { target, host }: CalledRequest): string {
  if (publicUrl !== null) return publicUrl + target;
  return `http://${host !== undefined && HOST.test(host) ? host : 'localhost'}${target}`;
}

/** The path of a request target. One in another form than `/path?query` has none that a source could have. */
export function pathOf(target: string): string {
  const end = target.indexOf('?');
  return end === -1 ? target : target.slice(0, end);
}

/** The parameters behind the path; none where there is no query. */
export function queryOf(target: string): URLSearchParams {
  const start = target.indexOf('?');
  return new URLSearchParams(start === -1 ? '' : target.slice(start + 1));
}
