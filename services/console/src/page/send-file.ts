import type { Request, Response } from 'express';
import type { PageFile } from './page-files.ts';

/** Whatever is shown in a browser: nothing of another host, no script or style within the document, no text that becomes code (trusted types), no frame around it. */
const policy = (...allowed: readonly string[]) =>
  [
    "default-src 'none'",
    ...allowed,
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');
/** A page that runs what came with it and nothing else. */
export const PAGE_POLICY = policy(
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "font-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
);
/** A text to read, which runs nothing. */
export const TEXT_POLICY = policy("style-src 'self'", "img-src 'self'", "form-action 'none'");

const A_YEAR = 'public, max-age=31536000, immutable';

/** Gzipped for who takes it. */
export function sendFile(
  request: Request,
  response: Response,
  { type, body, gzipped, isImmutable }: PageFile,
  { policy, status = 200 }: { readonly policy: string; readonly status?: number },
): void {
  const isGzip = request.acceptsEncodings('gzip') === 'gzip';
  response.status(status).set({
    'content-type': type,
    'content-security-policy': policy,
    'cache-control': isImmutable ? A_YEAR : 'no-store',
    vary: 'accept, accept-encoding',
    ...(isGzip ? { 'content-encoding': 'gzip' } : {}),
  });
  response.send(isGzip ? gzipped : body);
}

export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
