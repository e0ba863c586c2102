export interface CurlCall {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  /** undefined: none. */
  readonly body: unknown;
  readonly needsToken: boolean;
}

/** For a shell of POSIX. */
export function curlCommand({ method, url, body, needsToken }: CurlCall): string {
  const parts = ['curl -s'];
  if (method === 'POST') parts.push('-X POST');
  if (needsToken) parts.push('-H "authorization: Bearer $TOKEN"');
  if (body !== undefined)
    parts.push(`-H 'content-type: application/json' -d ${quoted(JSON.stringify(body))}`);
  parts.push(quoted(url));
  return parts.join(' ');
}

/** One word, whatever is in it. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
