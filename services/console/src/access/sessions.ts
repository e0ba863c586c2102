import type { IncomingMessage } from 'node:http';
import {
  endSession,
  type NewSession,
  SESSION_LASTS_MS,
  sessionId,
  startSession,
} from '@ackline/store/console-sessions';
import type { Pool } from 'pg';
import { sessionOf } from './access.ts';
import { SESSION_COOKIE, setCookie } from './cookies.ts';
import { cameByHttps, type OriginRules } from './origin.ts';

type Headed = Pick<IncomingMessage, 'headers'>;

/** Sessions as a browser gets them: by a cookie that no script reads, and that no other site's page is sent with. */
export interface Sessions {
  /** In place of that of the browser. `before`: one that it had when the sign-in began ({@link idOf}), of which the cookie does not come now. */
  start(
    request: Headed,
    session: Omit<NewSession, 'instead'>,
    before?: string | null,
  ): Promise<{ expiresAt: Date; cookie: string }>;
  /** Names the session that the browser has, dead or alive, and lets nobody in. null: it has none. */
  idOf(request: Headed): string | null;
  /** `ended` false: there was none. */
  end(request: Headed): Promise<{ ended: boolean; cookie: string }>;
}

export function createSessions({ changes, rules }: { changes: Pool; rules: OriginRules }): Sessions {
  const cookieOf = (request: Headed, value: string, lastsMs: number | null) => {
    const isHttps = cameByHttps(request, rules);
    return setCookie({ name: SESSION_COOKIE, value, lastsMs, sameSite: 'Strict', isHttps });
  };
  const idOf = (request: Headed) => {
    const secret = sessionOf(request, rules);
    return secret === null ? null : sessionId(secret);
  };
  return {
    idOf,
    async start(request, session, before = null) {
      const instead = [idOf(request), before].filter(id => id !== null);
      const { secret, expiresAt } = await startSession(changes, { ...session, instead });
      return { expiresAt, cookie: cookieOf(request, secret, SESSION_LASTS_MS) };
    },
    async end(request) {
      const secret = sessionOf(request, rules);
      const ended = secret !== null && (await endSession(changes, secret));
      return { ended, cookie: cookieOf(request, '', null) };
    },
  };
}
