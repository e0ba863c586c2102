import type { IncomingMessage } from 'node:http';
import { endSession, type NewSession, SESSION_LASTS_MS, startSession } from '@ackline/store/console-sessions';
import type { Pool } from 'pg';
import { sessionOf } from './access.ts';
import { SESSION_COOKIE, setCookie } from './cookies.ts';
import { cameByHttps, type OriginRules } from './origin.ts';

type Headed = Pick<IncomingMessage, 'headers'>;

/** Sessions as a browser gets them: by a cookie that no script reads, and that no other site's page is sent with. */
export interface Sessions {
  start(request: Headed, session: Omit<NewSession, 'instead'>): Promise<{ expiresAt: Date; cookie: string }>;
  /** `ended` false: there was none. */
  end(request: Headed): Promise<{ ended: boolean; cookie: string }>;
}

export function createSessions({ changes, rules }: { changes: Pool; rules: OriginRules }): Sessions {
  const cookieOf = (request: Headed, value: string, lastsMs: number | null) => {
    const isHttps = cameByHttps(request, rules);
    return setCookie({ name: SESSION_COOKIE, value, lastsMs, sameSite: 'Strict', isHttps });
  };
  return {
    async start(request, session) {
      const instead = sessionOf(request, rules);
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
