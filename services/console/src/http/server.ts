import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Logger } from '@ackline/runtime/logger';
import { AppError } from '@ackline/shared/app-error';
import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from 'express';
import type { z } from 'zod';
import type { Access } from '../access/access.ts';
import { authorize, type Caller } from '../access/caller.ts';
import { checkHost, checkOrigin, checkOwnPage, type OriginRules } from '../access/origin.ts';
import { API_BASE, type Route } from '../api/route.ts';
import { type RouteName, routes } from '../api/routes.ts';
import type { Answer, Call } from '../calls/call.ts';
import { refusalOf, requestIdOf, sendProblem } from './problems.ts';
import { nameCall } from './request-figures.ts';
import { securityHeaders } from './security-headers.ts';

/** Of a call that says nothing else: filters and reasons. */
const MAX_BODY_BYTES = 65_536;
const HEADERS_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 10_000;
/** An answer of which nothing is taken for so long holds its memory no longer. */
const TAKES_NOTHING_MS = 30_000;
const MAX_HEAD_BYTES = 16_384;
/** Operators with some tabs each, and scripts. */
const MAX_CONNECTIONS = 256;
const MAX_TOLD_PROBLEMS = 10;

export type AnyCall = (call: Call) => Promise<Answer>;

export interface ConsoleServerDeps {
  readonly calls: Readonly<Record<RouteName, AnyCall>>;
  readonly access: Access;
  readonly rules: OriginRules;
  readonly openApi: unknown;
  /** Answers what is of the page, and leaves the rest. */
  readonly page: RequestHandler;
  /** Likewise for the documentation, before the page. */
  readonly docs?: RequestHandler;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Sees each request first. */
  readonly watch?: RequestHandler;
  /** Where people sign in elsewhere; null: they do not. */
  readonly login?: RequestHandler | null;
  readonly takesNothingMs?: number;
}

/** The console's port: node:http with its limits set, in front of the routes. Binds nothing yet. */
export function createConsoleServer(deps: ConsoleServerDeps): Server {
  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      maxHeaderSize: MAX_HEAD_BYTES,
    },
    createExpressApp(deps),
  );
  server.maxConnections = MAX_CONNECTIONS;
  return server;
}

function createExpressApp(deps: ConsoleServerDeps): Express {
  const { access, rules, openApi } = deps;
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.enable('case sensitive routing');
  if (deps.watch !== undefined) app.use(deps.watch);
  app.use(securityHeaders);
  app.use((request, _response, next) => {
    checkHost(request, rules);
    next();
  });
  if (deps.login) app.use(deps.login);
  if (deps.docs !== undefined) app.use(deps.docs);
  app.use(deps.page);
  app.get('/', (_request, response) => {
    response.json({ name: 'Ackline console', api: API_BASE, openapi: `${API_BASE}/openapi.json` });
  });
  app.use(API_BASE, (request, _response, next) => {
    checkOrigin(request, rules);
    next();
  });
  app.get(`${API_BASE}/openapi.json`, async (request, response) => {
    nameCall(response, 'openApi');
    await access(request);
    response.json(openApi);
  });
  for (const [name, route] of Object.entries(routes) as [RouteName, Route][]) {
    const call = deps.calls[name];
    if (doesSomething(route)) app.head(expressPath(route), refuseMethod('GET'));
    app[route.method](expressPath(route), (request, response) =>
      serve({ name, route, call }, request, response, deps),
    );
  }
  refuseOtherMethods(app);
  app.use(() => {
    throw new AppError('ACKLINE_NO_SUCH_CALL');
  });
  app.use(onError(deps));
  return app;
}

interface Served {
  readonly name: RouteName;
  readonly route: Route;
  readonly call: AnyCall;
}

async function serve(
  { name, route, call }: Served,
  request: Request,
  response: Response,
  { access, log, takesNothingMs = TAKES_NOTHING_MS }: ConsoleServerDeps,
): Promise<void> {
  const startedAt = performance.now();
  nameCall(response, name);
  const caller = route.isAnonymous ? NOBODY : await access(request);
  authorize(caller, route);
  if (caller.by === 'session' && isMeant(route)) checkOwnPage(request);
  const answer = await call({
    caller,
    params: checked('path', route.params, request.params),
    query: checked('query', route.query, request.query),
    body:
      route.body === null
        ? null
        : (checked('body', route.body, await readBody(request, response, route)) as never),
    request,
  });
  if (route.method === 'post') {
    const ms = Math.round(performance.now() - startedAt);
    log.info({ call: name, caller: caller.name, requestId: requestIdOf(response), ms }, 'call.done');
  }
  response.setTimeout(takesNothingMs, () => response.destroy());
  if ('send' in answer) await answer.send(response);
  else {
    if (answer.cookie !== undefined) response.append('set-cookie', answer.cookie);
    response.status(route.status).json(answer.json);
  }
}

/** A browser that has not signed in yet: what it may do then is done for pages of the console alone. */
const NOBODY: Caller = { name: 'nobody', scopes: new Set(), tenant: null, by: 'session' };

/** What a person must have meant: it changes something, or is in the audit. */
const isMeant = ({ method, scope }: Route) => method === 'post' || scope === 'payload';

/** `/events/{id}` as Express writes it. */
function expressPath({ path }: Route): string {
  return API_BASE + path.replaceAll(/\{(\w+)\}/g, ':$1');
}

function refuseOtherMethods(app: Express): void {
  const allowed = Map.groupBy(Object.values<Route>(routes), expressPath);
  for (const [path, ofPath] of allowed) {
    const methods = ofPath.map(({ method }) => method.toUpperCase()).join(', ');
    app.all(path, refuseMethod(methods));
  }
}

/** What a GET does besides: it opens a stream, or notes who looked at payloads. So a HEAD is refused. */
function doesSomething({ media, scope }: Route): boolean {
  return media.includes('text/event-stream') || scope === 'payload';
}

function refuseMethod(allowed: string): RequestHandler {
  return (_request, response) => {
    response.set('allow', allowed);
    throw new AppError('ACKLINE_METHOD_NOT_ALLOWED', `This call takes ${allowed}`);
  };
}

/** Throws ACKLINE_CALL_INVALID, which names the fields and never repeats a value. */
function checked<Schema extends z.ZodObject>(
  where: 'path' | 'query' | 'body',
  schema: Schema,
  given: unknown,
): z.output<Schema> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.slice(0, MAX_TOLD_PROBLEMS).map(({ path, message }) => {
    const name = path.join('.');
    return name === '' ? message : `${name}: ${message}`;
  });
  throw new AppError('ACKLINE_CALL_INVALID', `In the ${where}: ${problems.join('; ')}`);
}

const parsers = new Map<number, RequestHandler>();

function parserOf(limit: number): RequestHandler {
  const known = parsers.get(limit);
  if (known !== undefined) return known;
  const parser = express.json({ limit, strict: true, type: 'application/json' });
  parsers.set(limit, parser);
  return parser;
}

/** Of JSON alone: a form of another page has another type. Nothing at all is as good as `{}`. */
async function readBody(
  request: Request,
  response: Response,
  { maxBodyBytes = MAX_BODY_BYTES }: Route,
): Promise<unknown> {
  if (!hasBody(request)) return {};
  if (request.is('application/json') === false)
    throw new AppError('ACKLINE_CALL_INVALID', 'The body must be application/json');
  await new Promise<void>((resolve, reject) => {
    void parserOf(maxBodyBytes)(request, response, (error?: unknown) =>
      error === undefined ? resolve() : reject(unreadable(error, maxBodyBytes)),
    );
  });
  return request.body as unknown;
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function unreadable(error: unknown, maxBodyBytes: number): AppError {
  const isTooLarge = error instanceof Error && 'type' in error && error.type === 'entity.too.large';
  const detail = isTooLarge
    ? `The body is over ${maxBodyBytes} bytes`
    : 'The body is no JSON that can be read';
  return new AppError('ACKLINE_CALL_INVALID', detail);
}

function onError({ log }: ConsoleServerDeps): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    const { code } = refusalOf(error);
    const facts = { code, requestId: requestIdOf(response), method: request.method };
    if (code === 'ACKLINE_CALL_FAILED') log.error({ ...facts, err: error }, 'call.failed');
    else log.warn(facts, 'call.refused');
    if (response.headersSent) response.destroy();
    else sendProblem(response, malformedPath(error) ?? error);
  };
}

/** Express can't decode a path such as `/%zz`. */
function malformedPath(error: unknown): AppError | null {
  return error instanceof URIError ? new AppError('ACKLINE_NO_SUCH_CALL') : null;
}
