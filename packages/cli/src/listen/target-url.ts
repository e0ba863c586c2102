import { InvalidArgumentError } from 'commander';

export interface ListenTarget {
  /** As it is shown. */
  readonly url: string;
  /** Where an event goes that was sent to this URL. */
  urlOf(called: string): URL;
}

const MAX_PORT = 65_535;

/**
 * A parser of commander for where events go: a port or a host stands for the paths that the provider called, a URL with a path for
 * itself. `localhost`, and not 127.0.0.1: some development servers listen on ::1 alone.
 */
export function listenTarget(text: string): ListenTarget {
  const url = /^\d{1,5}$/.test(text) ? ofPort(Number(text)) : URL.parse(withScheme(text));
  if (url === null || !/^https?:$/.test(url.protocol) || url.hash !== '' || url.hostname === '')
    throw new InvalidArgumentError('It must be a port, or a URL such as http://localhost:3000/webhook.');
  const isWhole = url.pathname !== '/' || url.search !== '';
  return {
    url: isWhole ? url.href : url.origin,
    urlOf: called => (isWhole ? withQueryOf(url, called) : withPathOf(url, called)),
  };
}

function ofPort(port: number): URL | null {
  return port === 0 || port > MAX_PORT ? null : new URL(`http://localhost:${port}`);
}

/** `localhost:3000/webhook`, as one types it. */
function withScheme(text: string): string {
  return /^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`;
}

function withPathOf(base: URL, called: string): URL {
  const from = URL.parse(called, 'http://unknown');
  const url = new URL(base);
  url.pathname = from?.pathname ?? '/';
  url.search = from?.search ?? '';
  return url;
}

/** A query of one's own wins. */
function withQueryOf(target: URL, called: string): URL {
  const url = new URL(target);
  if (url.search === '') url.search = URL.parse(called, 'http://unknown')?.search ?? '';
  return url;
}
