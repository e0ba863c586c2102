import type { ErrorRow } from './error-row.ts';

/** Those of the operator API, as part of the one table. */
export const apiErrorCodes = {
  ACKLINE_CALL_INVALID: {
    status: 400,
    retryable: false,
    title: 'A call of the API has a value that can not be used',
    fix: 'Correct what the detail names; /api/v1/openapi.json has every call with its parameters.',
  },
  ACKLINE_CURSOR_AHEAD: {
    status: 409,
    retryable: false,
    title: 'The cursor is ahead of every event that was stored',
    fix: 'It is of another database, or of one that was restored to an earlier state since. Begin without it, or at a time: `ackline listen --since 10m`.',
  },
  ACKLINE_TOKEN_MISSING: {
    status: 401,
    retryable: false,
    title: 'The call shows no token and no session that is valid',
    fix: 'Sign in anew, with a browser. Else send `Authorization: Bearer <token>` with a token of `ackline tokens create` that has not expired and was not revoked.',
  },
  ACKLINE_NOT_ALLOWED: {
    status: 403,
    retryable: false,
    title: 'The caller may not make this call',
    fix: 'Use a token, or a role of CONSOLE_OIDC_ROLES, with the scope and the tenant that the detail names (`ackline tokens create`).',
  },
  ACKLINE_WRONG_ORIGIN: {
    status: 403,
    retryable: false,
    title: 'The call comes from a page or a host name that is not the console',
    fix: 'Open the console by localhost or its address, not by another name. Behind a proxy use ACKLINE_ENV=production, for others CONSOLE_HOST too, and tokens.',
  },
  ACKLINE_NO_SUCH_CALL: {
    status: 404,
    retryable: false,
    title: 'The API has no such call',
    fix: 'Compare the path with /api/v1/openapi.json.',
  },
  ACKLINE_PAGE_MISSING: {
    status: 503,
    retryable: true,
    title: "The console's page is not built",
    fix: 'Run `npm run page`, or `npm start`, which does it first. The API does not need it: /api/v1/openapi.json.',
  },
  ACKLINE_WRONG_STATE: {
    status: 409,
    retryable: false,
    title: 'It is in a state that this call is not for',
    fix: 'Look at its state, which the detail names: somebody else may have changed it.',
  },
  ACKLINE_REPLAYS_NOT_STARTED: {
    status: 409,
    retryable: false,
    title: 'As many replays of this tenant wait to be started as may',
    fix: 'Start or cancel one of them, which `GET /api/v1/replays` lists. One that is not started within an hour is cancelled by itself.',
  },
  ACKLINE_OIDC_REFUSED: {
    status: 401,
    retryable: false,
    title: 'The sign-in with the OpenID provider did not come to its end',
    fix: 'Begin it again, with this browser, within ten minutes. Operators: the log line `sign-in.refused` says why.',
  },
  ACKLINE_OIDC_NO_ROLE: {
    status: 403,
    retryable: false,
    title: 'The OpenID provider gives this person no role that is known here',
    fix: 'Ask whoever runs Ackline for a role: at the provider, or in CONSOLE_OIDC_ROLES.',
  },
  ACKLINE_OIDC_UNAVAILABLE: {
    status: 503,
    retryable: true,
    title: 'The OpenID provider does not answer as it should',
    fix: 'Try again, or sign in with a token, which works without it. Operators: the log line `sign-in.refused` says why; check CONSOLE_OIDC_ISSUER, and the client and its secret there.',
  },
  ACKLINE_SIGN_INS_FAILED: {
    status: 429,
    retryable: true,
    title: 'Too many sign-ins from there have failed',
    fix: 'Look whether the token is whole, was revoked or has expired (`ackline tokens`). A valid one works at once, whatever failed before.',
  },
  ACKLINE_CALL_FAILED: {
    status: 500,
    retryable: true,
    title: 'An error inside the console; what the call asked for may not be done',
    fix: 'Look whether it was done before you try again. Operators: find the log line with this request id.',
  },
  ACKLINE_CONSOLE_BUSY: {
    status: 503,
    retryable: true,
    title: 'The console does as much of this at a time as it may',
    fix: 'Try again after the time in Retry-After, or close other live views.',
  },
  ACKLINE_LOOK_TOO_LONG: {
    status: 503,
    retryable: true,
    title: 'PostgreSQL took longer for it than the console lets it',
    fix: 'Narrow the filter or the time, and try again: a busy server may be faster later.',
  },
  ACKLINE_CONSOLE_UNAVAILABLE: {
    status: null,
    retryable: true,
    title: 'The console does not answer',
    fix: 'Compare --url with what `npm start` prints, or with the address of your installation, and look whether it runs.',
  },
  ACKLINE_CONSOLE_UNKNOWN: {
    status: null,
    retryable: false,
    title: 'What answers there is no console of Ackline',
    fix: 'Compare --url with the address of the console: it is without /api/v1, and not that of the ingress. A proxy before it may ask for something of its own.',
  },
} as const satisfies Record<string, ErrorRow>;
