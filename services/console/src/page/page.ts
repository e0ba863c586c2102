import { createProblem } from '@ackline/shared/problem';
import type { Request, RequestHandler, Response } from 'express';
import { requestIdOf } from '../http/problems.ts';
import { INDEX, type PageFile, readPageFiles } from './page-files.ts';

/**
 * A page that runs what came with it and nothing else: no script or style within the document, nothing of another host, no text that
 * becomes code (trusted types), no frame around it.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "font-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');
const A_YEAR = 'public, max-age=31536000, immutable';

/** Serves the console's page, and leaves what is not of it to who comes next. */
export function createPage(folder: string): RequestHandler {
  let files: Promise<ReadonlyMap<string, PageFile>> | null = null;
  const find = async () => {
    files ??= readPageFiles(folder);
    const found = await files.catch(() => new Map<string, PageFile>());
    if (found.size === 0) files = null; // it may be built by the next time
    return found;
  };
  return async (request, response, next) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return next();
    const isAsset = request.path.startsWith('/assets/');
    if (!isAsset && !wantsPage(request) && !isFileOfPage(request.path)) return next();
    const found = await find();
    const file = found.get(request.path);
    if (file !== undefined) return send(request, response, file);
    if (!wantsPage(request)) return next();
    const index = found.get(INDEX);
    if (index === undefined) sendMissing(response);
    else send(request, response, index);
  };
}

/** A browser that opens a page says so; a program that takes anything gets what the API says. */
function wantsPage(request: Request): boolean {
  return !OF_OTHERS.test(request.path) && request.accepts(['json', 'html']) === 'html';
}

/** Also what is not there of these is never answered with a page. */
const OF_OTHERS = /^\/(?:api|login)(?:\/|$)/;

/** `/favicon.svg`: what lies beside the index. */
function isFileOfPage(path: string): boolean {
  return /^\/[\w-]+\.\w+$/.test(path);
}

function send(request: Request, response: Response, { type, body, gzipped, isImmutable }: PageFile): void {
  const isGzip = request.acceptsEncodings('gzip') === 'gzip';
  response.status(200).set({
    'content-type': type,
    'content-security-policy': POLICY,
    'cache-control': isImmutable ? A_YEAR : 'no-store',
    vary: 'accept, accept-encoding',
    ...(isGzip ? { 'content-encoding': 'gzip' } : {}),
  });
  response.send(isGzip ? gzipped : body);
}

/** For a person who has opened it in a browser: what to run. */
function sendMissing(response: Response): void {
  const { title, detail, code, status } = createProblem('ACKLINE_PAGE_MISSING', requestIdOf(response));
  const text = [title, detail, code].map(escapeHtml);
  response
    .status(status)
    .set({ 'content-type': 'text/html; charset=utf-8', 'content-security-policy': POLICY })
    .send(
      `<!doctype html><html lang="en"><title>Ackline</title><h1>${text[0]}</h1><p>${text[1]}</p><p>${text[2]}</p></html>\n`,
    );
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
