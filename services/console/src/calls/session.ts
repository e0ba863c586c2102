import { AppError } from '@ackline/shared/app-error';
import type { ConsoleToken } from '@ackline/store/console-tokens';
import { isOfThisMachine, tokenName } from '../access/access.ts';
import type { FailedSignIns } from '../access/failed-sign-ins.ts';
import type { Find } from '../access/find-known.ts';
import type { OriginRules } from '../access/origin.ts';
import type { Sessions } from '../access/sessions.ts';
import type { sessionRoutes } from '../api/session.ts';
import type { CallsOf } from './call.ts';

export interface SessionCallsDeps {
  readonly rules: OriginRules;
  readonly sessions: Sessions;
  readonly failed: FailedSignIns;
  readonly findToken: Find<ConsoleToken>;
  /** What people call the OpenID provider; null: there is none. */
  readonly oidcLabel: string | null;
}

const NOT_VALID = 'The token is not valid: it has expired, was revoked, or is not whole';

export function createSessionCalls(deps: SessionCallsDeps): CallsOf<typeof sessionRoutes> {
  const { rules, sessions, failed, findToken, oidcLabel } = deps;
  return {
    readAccess: ({ request }) =>
      Promise.resolve({
        json: {
          local: isOfThisMachine(request, rules),
          oidc: oidcLabel === null ? null : { label: oidcLabel },
        },
      }),
    async startSession({ body: { token }, request }) {
      const known = await findToken(token);
      if (known === null) throw failed.refusal(request, new AppError('ACKLINE_TOKEN_MISSING', NOT_VALID));
      const { scopes, tenant } = known;
      const name = tokenName(known);
      const { expiresAt, cookie } = await sessions.start(request, {
        name,
        scopes,
        tenant,
        by: { token: known },
      });
      return { json: { name, scopes: [...scopes], tenant, expiresAt: expiresAt.toISOString() }, cookie };
    },
    async endSession({ request }) {
      const { ended, cookie } = await sessions.end(request);
      return { json: { ended }, cookie };
    },
  };
}
