import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogLevelSwitch } from '@ackline/runtime/log-level-switch';
import { createLogger } from '@ackline/runtime/logger';
import type { ChildMessage } from '@ackline/runtime/parent-channel';
import { createPool } from '@ackline/store/pool';
import { createTestDatabase } from '@ackline/testkit/database';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Pool } from 'pg';
import { API_BASE, type Route } from '../../src/api/route.ts';
import { type RouteName, routes } from '../../src/api/routes.ts';
import { createApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';

/** Two tenants, a source each; the destination is of both. */
const CONFIG = `
publicUrl: https://hooks.example.com
sources:
  - name: crimson-hooks
    provider: telegram
    tenant: crimson
    path: /crimson
    secrets: [{ env: RED }]
  - { name: azure-hooks, provider: telegram, tenant: azure, path: /azure, secrets: [{ env: BLUE }] }
destinations:
  - { name: crm, type: http, url: 'http://127.0.0.1:9/secret-path' }
  - { name: bot, type: http, url: 'http://127.0.0.1:9/' }
routes: [{ name: all, destination: crm }]
`;

export interface CallOptions {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly token?: string;
  /** A session's, as a page of the console sends it. */
  readonly cookie?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  // Of any call: each test knows what it asked for, and the schema of the route was held against it.
  readonly json: any; // oxlint-disable-line typescript/no-explicit-any
}

export interface StartedConsole extends AsyncDisposable {
  readonly url: string;
  readonly opsUrl: string;
  readonly logs: readonly Record<string, unknown>[];
  call(name: RouteName, options?: CallOptions): Promise<Answered>;
  reload(): Promise<void>;
}

export interface StartOptions {
  readonly databaseUrl: string;
  readonly config?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A console with a database of its own, for all tests of a file. Closed in the reverse order. */
export interface ConsoleBed extends AsyncDisposable {
  readonly pool: Pool;
  readonly databaseUrl: string;
  readonly console: StartedConsole;
}

export async function openConsoleBed(options: Omit<StartOptions, 'databaseUrl'> = {}): Promise<ConsoleBed> {
  await using opened = new AsyncDisposableStack();
  const database = await createTestDatabase();
  opened.defer(() => database.close());
  const databaseUrl = database.url;
  const pool = testPool(databaseUrl);
  opened.defer(() => pool.end());
  const console = opened.use(await startConsole({ databaseUrl, ...options }));
  const parts = opened.move();
  return { pool, databaseUrl, console, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}

export async function startConsole({
  databaseUrl,
  config = CONFIG,
  env,
}: StartOptions): Promise<StartedConsole> {
  const folder = await mkdtemp(join(tmpdir(), 'ackline-console-'));
  const configFile = join(folder, 'ackline.yaml');
  await writeFile(configFile, config);
  const logs: Record<string, unknown>[] = [];
  const messages: ChildMessage[] = [];
  const log = createLogger({
    service: 'console',
    level: 'debug',
    destination: { write: line => void logs.push(JSON.parse(line) as Record<string, unknown>) },
  });
  const stop = new AbortController();
  const app = await createApp(
    loadConfig({
      ACKLINE_ENV: 'development',
      ACKLINE_CONFIG: configFile,
      DATABASE_URL: databaseUrl,
      OPS_HOST: '127.0.0.1',
      CONSOLE_PORT: '0',
      OPS_PORT: '0',
      RED: 'crimson-secret',
      BLUE: 'azure-secret',
      ...env,
    }),
    {
      log,
      report: message => void messages.push(message),
      followLogLevel: createLogLevelSwitch(log, 'debug', () => undefined),
      signal: stop.signal,
    },
  );
  const running = app.run(stop.signal);
  const portOf = async (name: 'http' | 'operations') =>
    waitFor(() => {
      const message = messages.find(candidate => candidate.kind === 'listening' && candidate.name === name);
      return message?.kind === 'listening' ? message.port : null;
    });
  const url = `http://127.0.0.1:${await portOf('http')}`;
  return {
    url,
    opsUrl: `http://127.0.0.1:${await portOf('operations')}`,
    logs,
    call: (name, options = {}) => call(url, name, options),
    reload: async () => app.reload?.(),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The URL of a call. */
export function urlOf(base: string, name: RouteName, { params = {}, query = {} }: CallOptions): URL {
  const path = routes[name].path.replaceAll(/\{(\w+)\}/g, (_, field: string) =>
    encodeURIComponent(params[field] ?? ''),
  );
  const url = new URL(API_BASE + path, base);
  for (const [field, value] of Object.entries(query)) url.searchParams.set(field, value);
  return url;
}

/** Makes a call; what it answers with success is held against the schema of its route, to the last field. */
async function call(base: string, name: RouteName, options: CallOptions): Promise<Answered> {
  const route: Route = routes[name];
  const { token, cookie, body, headers } = options;
  const response = await fetch(urlOf(base, name, options), {
    method: route.method.toUpperCase(),
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(cookie === undefined ? {} : { cookie, ...OWN_PAGE }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const json: unknown = /json/.test(response.headers.get('content-type') ?? '') ? JSON.parse(text) : text;
  if (response.ok) {
    assert.equal(response.status, route.status);
    assert.deepEqual(route.answer.parse(json), json);
  }
  return { status: response.status, headers: response.headers, json };
}

/** What a browser says of a call of the console's own page. */
export const OWN_PAGE = { 'sec-fetch-site': 'same-origin' };

/** Signs a browser in, and gives its cookie. */
export async function signIn(ackline: StartedConsole, token: string): Promise<string> {
  const { status, headers } = await ackline.call('startSession', { body: { token }, headers: OWN_PAGE });
  assert.equal(status, 200);
  return cookieOf(headers);
}

/** As a browser sends it back. */
export function cookieOf(headers: Headers): string {
  const [cookie = ''] = headers.getSetCookie();
  return cookie.split(';')[0] ?? '';
}

export function testPool(databaseUrl: string): Pool {
  return createPool({
    connectionString: databaseUrl,
    applicationName: 'console-test',
    max: 5,
    limitMs: 120_000,
    onError: () => undefined,
  });
}
