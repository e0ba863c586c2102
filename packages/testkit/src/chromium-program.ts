import { runScript } from './debian-programs.ts';

/** Names the browser: it is looked for once, before its tier begins. */
export const CHROMIUM_VARIABLE = 'ACKLINE_CHROMIUM';

export type ChromiumProgram =
  | { readonly kind: 'found'; readonly path: string }
  | { readonly kind: 'unavailable'; readonly reason: string };

/** The one that is named, the one on PATH, else Debian's, in a cache. */
export function findChromium(): ChromiumProgram {
  const named = process.env[CHROMIUM_VARIABLE] ?? '';
  if (named !== '') return { kind: 'found', path: named };
  const { said, reason } = runScript('fetch-chromium.sh');
  return reason === null ? { kind: 'found', path: said } : { kind: 'unavailable', reason };
}
