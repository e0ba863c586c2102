import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider from 'oidc-provider';

/** Who signs in at it, with what is said of them. */
export interface Account {
  readonly sub: string;
  readonly [claim: string]: unknown;
}

export interface TestProvider extends AsyncDisposable {
  readonly issuer: string;
  /** What its ID tokens are signed with (RS256). */
  readonly key: KeyObject;
  /** Whoever comes next is this one, and agrees to all. null: they refuse. */
  account: Account | null;
  /** What its answer to the code becomes before the console has it. */
  alterTokens: (tokens: Record<string, unknown>) => Record<string, unknown>;
  /** While it is false no request is answered. */
  isUp: boolean;
  readonly asked: readonly string[];
}

export interface ProviderOptions {
  readonly redirectUri: string;
  readonly secret: string;
  /** Shows a person a page with a button *Continue*, as browsers see it, before it decides. */
  readonly isShown?: boolean;
}

export const CLIENT_ID = 'ackline-console';

/** A certified OpenID provider (`oidc-provider`) on a port of its own, where a person needs neither a form nor a password. */
export async function startOidcProvider({
  redirectUri,
  secret,
  isShown = false,
}: ProviderOptions): Promise<TestProvider> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const asked: string[] = [];
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const state: TestProvider = {
    issuer,
    key: privateKey,
    account: null,
    alterTokens: tokens => tokens,
    isUp: true,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  const provider = new Provider(issuer, {
    clients: [{ client_id: CLIENT_ID, client_secret: secret, redirect_uris: [redirectUri] }],
    jwks: {
      keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: 'one' } as never],
    },
    cookies: { keys: ['a key of this test'] },
    pkce: { required: () => true },
    conformIdTokenClaims: false,
    claims: { openid: ['sub', 'roles', 'realm_access'], email: ['email', 'email_verified'], profile: [] },
    ttl: { Interaction: 600, Session: 600, Grant: 600, AccessToken: 600, IdToken: 600 },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_, { uid }) => `/person/${uid}` },
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ ...state.account, sub }) }),
  });
  provider.on('server_error', (_, error) => {
    throw error;
  });
  const answer = provider.callback();
  server.on('request', (request, response) => {
    asked.push(`${request.method} ${request.url?.split('?')[0]}`);
    if (!state.isUp) return void request.socket.destroy();
    if (request.url?.startsWith('/person/')) {
      if (isShown && request.method === 'GET') return void response.end(PERSON_PAGE);
      return void decide(provider, state, { request, response });
    }
    if (request.url === '/token') alterAnswer(response, state);
    void answer(request, response);
  });
  return state;
}

const PERSON_PAGE =
  '<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>Example ID</title><form method="post"><button>Continue</button></form></html>';

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

async function decide(provider: Provider, { account }: TestProvider, { request, response }: Exchange) {
  const { prompt, params, session } = await provider.interactionDetails(request, response);
  const refused = { error: 'access_denied', error_description: '<script>alert(1)</script>' };
  if (account === null) return provider.interactionFinished(request, response, refused);
  if (prompt.name === 'login')
    return provider.interactionFinished(request, response, { login: { accountId: account.sub } });
  const grant = new provider.Grant({ accountId: session?.accountId, clientId: String(params['client_id']) });
  grant.addOIDCScope(String(params['scope']));
  const grantId = await grant.save();
  return provider.interactionFinished(request, response, { consent: { grantId } });
}

/** Between the provider and the wire. */
function alterAnswer(response: ServerResponse, { alterTokens }: TestProvider): void {
  const end = response.end.bind(response) as (body?: unknown) => ServerResponse;
  response.end = ((body?: unknown) => {
    const tokens = JSON.parse(String(body)) as Record<string, unknown>;
    if (!('id_token' in tokens)) return end(body);
    const altered = JSON.stringify(alterTokens(tokens));
    response.setHeader('content-length', Buffer.byteLength(altered));
    return end(altered);
  }) as ServerResponse['end'];
}
