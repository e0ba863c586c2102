import type { SampleRequest } from '@ackline/shared/provider';

export interface CurlRequest {
  readonly url: string;
  readonly sample: SampleRequest;
  /** A secret that the environment gave is not repeated on the terminal: the shell fills it in from this variable. */
  readonly hidden: { readonly secret: string; readonly variable: string } | null;
}

/** A command for any POSIX shell that sends the sample byte for byte. The body must be text. */
export function curlCommand({ url, sample, hidden }: CurlRequest): string {
  const headers = sample.headers.map(([name, value]) => {
    const quoted = shellQuote(`${name}: ${value}`);
    return hidden === null ? quoted : quoted.replaceAll(hidden.secret, `'"$${hidden.variable}"'`);
  });
  // Not --data: it would drop the line breaks of the body.
  return [
    `curl -i ${shellQuote(url)}`,
    ...headers.map(header => `-H ${header}`),
    `--data-binary ${shellQuote(Buffer.from(sample.body).toString('utf8'))}`,
  ].join(' \\\n  ');
}

/** One word for a POSIX shell, whatever it holds. */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
