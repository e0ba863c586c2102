import { errorCodes } from '@ackline/shared/error-codes';
import type { Response } from 'express';
import { problemOf } from './problems.ts';
import { RUNS_NOTHING } from './security-headers.ts';

const SPECIAL: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaped = (text: string) => text.replaceAll(/[&<>"']/g, char => SPECIAL[char] ?? '');

/** Why somebody is not signed in, for a person: without script or style, so that nothing of it needs to be allowed. */
export function sendRefusalPage(response: Response, error: unknown): void {
  const { status, title, detail, code, requestId } = problemOf(response, error);
  const lines = [...new Set([title, detail, errorCodes[code].fix])];
  response
    .status(status)
    .type('html')
    // Of this host: else its links were those of another site, and came without the cookie of who is signed in.
    .set('content-security-policy', `${RUNS_NOTHING} allow-same-origin`)
    .send(
      `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Not signed in · Ackline</title>
<main><h1>You are not signed in</h1>
${lines.map(line => `<p>${escaped(line)}</p>`).join('\n')}
<p><a href="/login/oidc">Try again</a> · <a href="/">Sign in with a token</a></p>
<p><small>${code} · ${escaped(requestId)}</small></p></main></html>\n`,
    );
}
