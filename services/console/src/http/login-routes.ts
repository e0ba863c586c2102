import type { Logger } from '@ackline/runtime/logger';
import { AppError } from '@ackline/shared/app-error';
import { type ErrorRequestHandler, type Request, type RequestHandler, Router } from 'express';
import { createBoundedGate } from '../access/bounded-gate.ts';
import { readCookie, setCookie } from '../access/cookies.ts';
import type { FailedSignIns } from '../access/failed-sign-ins.ts';
import { CALLBACK_PATH, type Flow, type OidcClient } from '../access/oidc/oidc-client.ts';
import type { OidcConfig } from '../access/oidc/oidc-config.ts';
import { personOf } from '../access/oidc/person.ts';
import { cameByHttps, type OriginRules } from '../access/origin.ts';
import type { Sessions } from '../access/sessions.ts';
import { sendRefusalPage } from './login-page.ts';
import { refusalOf, requestIdOf } from './problems.ts';

export interface LoginDeps {
  readonly oidc: OidcClient;
  readonly config: Pick<OidcConfig, 'roles' | 'roleClaim' | 'publicUrl'>;
  readonly rules: OriginRules;
  readonly sessions: Sessions;
  readonly failed: FailedSignIns;
  readonly log: Pick<Logger, 'warn'>;
}

/** Of a person who is at the provider. Lax: it comes back with a link from there, which a Strict one would not. */
const FLOW_COOKIE = 'ackline-oidc';
/** To type a password and find a phone. */
const FLOW_LASTS_MS = 10 * 60_000;
/** Each asks the provider; anybody can make it be asked. */
const FINISHED_AT_A_TIME = 4;
const MAX_WAITING = 64;
const MAX_WAIT_MS = 10_000;

/** `/login/oidc` and where the provider sends the browser back to. A person sees what they answer: a page, and no problem+json. */
export function createLoginRoutes(deps: LoginDeps): RequestHandler {
  const router = Router();
  const busy = 'Others are signing in just now';
  const gate = createBoundedGate({
    atATime: FINISHED_AT_A_TIME,
    maxWaiting: MAX_WAITING,
    maxWaitMs: MAX_WAIT_MS,
    busy,
  });
  router.use('/login/oidc', refuseOthers);
  router.get('/login/oidc', async (request, response) => {
    const { url, flow } = await deps.oidc.begin();
    const before = deps.sessions.idOf(request);
    response.append('set-cookie', flowCookie(request, { ...flow, before }, deps)).redirect(303, url.href);
  });
  router.get(CALLBACK_PATH, async (request, response) => {
    response.append('set-cookie', flowCookie(request, null, deps)); // good for one answer
    response.append('set-cookie', await gate(() => signIn(request, deps))).redirect(303, '/');
  });
  router.use(onError(deps));
  return router;
}

/** A HEAD would use up the code that a GET comes with. */
const refuseOthers: RequestHandler = (request, response, next) => {
  if (request.method === 'GET') return next();
  response.set('allow', 'GET');
  throw new AppError('ACKLINE_METHOD_NOT_ALLOWED');
};

/** Gives the cookie of the session. */
async function signIn(
  request: Request,
  { oidc, config, rules, sessions, failed }: LoginDeps,
): Promise<string> {
  const flow = readFlow(request, rules);
  if (flow === null) throw failed.refusal(request, new AppError('ACKLINE_OIDC_REFUSED', NOT_BEGUN));
  try {
    const claims = await oidc.finish(new URL(request.originalUrl, config.publicUrl), flow);
    const { name, scopes, tenant, role } = personOf(claims, config);
    const session = { name, scopes, tenant, by: { role } };
    const { cookie } = await sessions.start(request, session, flow.before);
    return cookie;
  } catch (error) {
    const isRefused = error instanceof AppError && error.code === 'ACKLINE_OIDC_REFUSED';
    throw isRefused ? failed.refusal(request, error) : error;
  }
}

const NOT_BEGUN = 'The sign-in was not begun with this browser, or over ten minutes ago';

/** What the browser keeps meanwhile. */
interface Begun extends Flow {
  /** The id of the session that it had: the Strict cookie of that does not come back with it. */
  readonly before: string | null;
}

function flowCookie(request: Request, flow: Begun | null, { rules }: Pick<LoginDeps, 'rules'>): string {
  const parts = flow === null ? [] : [flow.state, flow.nonce, flow.verifier, flow.before];
  const value = parts.filter(part => part !== null).join('.');
  const lastsMs = flow === null ? null : FLOW_LASTS_MS;
  return setCookie({
    name: FLOW_COOKIE,
    value,
    lastsMs,
    sameSite: 'Lax',
    isHttps: cameByHttps(request, rules),
  });
}

function readFlow(request: Request, rules: OriginRules): Begun | null {
  const cookie = readCookie(request, FLOW_COOKIE, { isHttps: cameByHttps(request, rules) });
  const [, state, nonce, verifier, before = null] =
    /^([\w-]{20,200})\.([\w-]{20,200})\.([\w-]{20,200})(?:\.([\w-]{43}))?$/.exec(cookie ?? '') ?? [];
  return state === undefined || nonce === undefined || verifier === undefined
    ? null
    : { state, nonce, verifier, before };
}

function onError({ log }: LoginDeps): ErrorRequestHandler {
  return (error: unknown, _request, response, _next) => {
    const { code } = refusalOf(error);
    const cause = error instanceof AppError ? error.cause : error;
    // Of the cause its words alone: it may hold tokens.
    const why = cause instanceof Error ? cause.message : undefined;
    log.warn({ code, requestId: requestIdOf(response), why }, 'sign-in.refused');
    sendRefusalPage(response, error);
  };
}
