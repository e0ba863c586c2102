import { createProblem } from '@ackline/shared/problem';
import type { Request, RequestHandler, Response } from 'express';
import { requestIdOf } from '../http/problems.ts';
import { INDEX, type PageFile, readPageFiles } from './page-files.ts';
import { escapeHtml, PAGE_POLICY, sendFile } from './send-file.ts';

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
const OF_OTHERS = /^\/(?:api|docs|login)(?:\/|$)/;

/** `/favicon.svg`: what lies beside the index. */
function isFileOfPage(path: string): boolean {
  return /^\/[\w-]+\.\w+$/.test(path);
}

function send(request: Request, response: Response, file: PageFile): void {
  sendFile(request, response, file, { policy: PAGE_POLICY });
}

/** For a person who has opened it in a browser: what to run. */
function sendMissing(response: Response): void {
  const { title, detail, code, status } = createProblem('ACKLINE_PAGE_MISSING', requestIdOf(response));
  const text = [title, detail, code].map(escapeHtml);
  response
    .status(status)
    .set({ 'content-type': 'text/html; charset=utf-8', 'content-security-policy': PAGE_POLICY })
    .send(
      `<!doctype html><html lang="en"><title>Ackline</title><h1>${text[0]}</h1><p>${text[1]}</p><p>${text[2]}</p></html>\n`,
    );
}
