import { AppError } from '@ackline/shared/app-error';
import * as oidc from 'openid-client';
import type { Claims } from './person.ts';
import type { OidcConfig } from './oidc-config.ts';

/** What the browser keeps while its person is at the provider: it binds the answer to this browser. */
export interface Flow {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

/** Authorization code with PKCE, state and nonce. Both throw ACKLINE_OIDC_UNAVAILABLE. */
export interface OidcClient {
  /** Where to send the browser. */
  begin(): Promise<{ readonly url: URL; readonly flow: Flow }>;
  /** Of the URL that it came back to. Throws ACKLINE_OIDC_REFUSED, too. */
  finish(called: URL, flow: Flow): Promise<Claims>;
}

export interface OidcClientDeps {
  readonly clientSecret: () => string;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

export const CALLBACK_PATH = '/login/oidc/callback';
/** Of each request to the provider: a person waits for it. */
const TIMEOUT_S = 5;
/** After this its addresses are asked for anew; where it does not answer then, the old ones stay. */
const KNOWN_FOR_MS = 3_600_000;

export function createOidcClient(config: OidcConfig, deps: OidcClientDeps): OidcClient {
  const connect = createDiscovery(config, deps);
  const redirectUri = new URL(CALLBACK_PATH, config.publicUrl).href;
  return {
    async begin() {
      const provider = await connect();
      const flow = {
        state: oidc.randomState(),
        nonce: oidc.randomNonce(),
        verifier: oidc.randomPKCECodeVerifier(),
      };
      const url = oidc.buildAuthorizationUrl(provider, {
        redirect_uri: redirectUri,
        scope: config.scope,
        state: flow.state,
        nonce: flow.nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(flow.verifier),
        code_challenge_method: 'S256',
      });
      return { url, flow };
    },
    async finish(called, { state, nonce, verifier }) {
      const provider = await connect();
      const checks = {
        pkceCodeVerifier: verifier,
        expectedState: state,
        expectedNonce: nonce,
        idTokenExpected: true,
      };
      const tokens = await oidc.authorizationCodeGrant(provider, called, checks).catch(refuse);
      return tokens.claims() ?? refuse(null);
    },
  };
}

/** What the provider says of itself, asked for once at a time. */
function createDiscovery(
  config: OidcConfig,
  { clientSecret, now = () => performance.now() }: OidcClientDeps,
) {
  let known: { readonly provider: oidc.Configuration; readonly until: number } | null = null;
  let asking: Promise<oidc.Configuration> | null = null;
  /** By what it takes; the secret as it is now, since its file may have changed. */
  const authenticate: oidc.ClientAuth = (server, ...rest) => {
    const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
    const by = methods.includes('client_secret_basic') ? oidc.ClientSecretBasic : oidc.ClientSecretPost;
    by(clientSecret())(server, ...rest);
  };
  const isPlain = config.issuer.protocol === 'http:';
  const ask = async () => {
    const provider = await oidc.discovery(config.issuer, config.clientId, {}, authenticate, {
      timeout: TIMEOUT_S,
      // TLS proves who sent the ID token; its signature does too, whatever is on the way.
      execute: [oidc.enableNonRepudiationChecks, ...(isPlain ? [oidc.allowInsecureRequests] : [])],
    });
    known = { provider, until: now() + KNOWN_FOR_MS };
    return provider;
  };
  return async (): Promise<oidc.Configuration> => {
    if (known !== null && now() < known.until) return known.provider;
    asking ??= ask().finally(() => (asking = null));
    return asking.catch((error: unknown) => known?.provider ?? refuse(error));
  };
}

/** Codes of a good provider's answer to a bad question, and of an answer that is not for this browser. */
const REFUSED = new Set([
  'OAUTH_JWT_CLAIM_COMPARISON_FAILED',
  'OAUTH_JWT_TIMESTAMP_CHECK_FAILED',
  'OAUTH_INVALID_RESPONSE',
]);

/** The provider's own words go to the log alone: anybody can write them into the URL. */
function refuse(cause: unknown): never {
  const isRefused =
    cause instanceof oidc.AuthorizationResponseError ||
    (cause instanceof oidc.ResponseBodyError && cause.error === 'invalid_grant') ||
    (cause instanceof oidc.ClientError && REFUSED.has(cause.code ?? ''));
  throw new AppError(isRefused ? 'ACKLINE_OIDC_REFUSED' : 'ACKLINE_OIDC_UNAVAILABLE', undefined, { cause });
}
