// Who may call what: each call of the route table × token or session × each scope × whose it is, against a database with rows of two tenants.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { createToken, TOKEN_SCOPES, type TokenScope } from '@ackline/store/console-tokens';
import { announceReplay } from '@ackline/store/replay-count';
import { insertRejection } from '@ackline/store/rejections';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import type { Pool } from 'pg';
import type { Route } from '../../src/api/route.ts';
import { type RouteName, routes } from '../../src/api/routes.ts';
import {
  type CallOptions,
  OWN_PAGE,
  signIn,
  type StartedConsole,
  startConsole,
  testPool,
  urlOf,
} from '../support/console.ts';
import { storeEvent } from '../support/rows.ts';

type Tenant = 'crimson' | 'azure';

/** Rows of one tenant. What is of a tenant has its name in it, so that no answer to another one may hold it. */
interface Rows {
  readonly event: string;
  readonly parked: string;
  /** Delivered, with an edit. */
  readonly edited: string;
  readonly replay: string;
  readonly rejected: string;
  /** Of the tenant. */
  readonly token: string;
}

/** How each call is made about a tenant's rows; one that is not here does not compile. */
const CALLS: Readonly<Record<RouteName, (rows: Rows, tenant: Tenant) => CallOptions>> = {
  readOverview: () => ({}),
  listEvents: () => ({}),
  streamEvents: () => ({ query: { after: '2020-01-01.0' } }),
  pullEvents: () => ({ query: { after: '2020-01-01.0' } }),
  readEvent: ({ event }) => ({ params: { id: event } }),
  readPayload: ({ event }) => ({ params: { id: event } }),
  readDelivery: ({ parked }) => ({ params: { id: parked } }),
  sendSample: (_, tenant) => ({ params: { name: `${tenant}-hooks` } }),
  replayEdited: ({ parked }) => ({ params: { id: parked }, body: { bodyBase64: btoa('{}') } }),
  readEdit: ({ edited }) => ({ params: { id: edited, n: '1' } }),
  replayDelivery: ({ parked }) => ({ params: { id: parked } }),
  discardDelivery: ({ parked }) => ({ params: { id: parked } }),
  listParked: () => ({}),
  listCauses: () => ({}),
  listQuarantined: () => ({}),
  // Of a cause that has nothing: else the other calls would find nothing parked.
  discardCause: () => ({ body: { cause: 'none', parkedUntil: '2020-01-01T00:00:00Z' } }),
  createReplay: (_, tenant) => ({ body: { filter: { source: `${tenant}-hooks` } } }),
  listReplays: () => ({}),
  readReplay: ({ replay }) => ({ params: { id: replay } }),
  startReplay: ({ replay }) => ({ params: { id: replay } }),
  continueReplay: ({ replay }) => ({ params: { id: replay } }),
  cancelReplay: ({ replay }) => ({ params: { id: replay } }),
  listDestinations: () => ({}),
  pauseDestination: () => ({ params: { name: 'crm' } }),
  resumeDestination: () => ({ params: { name: 'crm' } }),
  enableDestination: () => ({ params: { name: 'crm' } }),
  listSources: () => ({}),
  listRejected: () => ({}),
  readRejected: ({ rejected }) => ({ params: { id: rejected } }),
  listAudit: () => ({}),
  readCaller: () => ({}),
  readAccess: () => ({}),
  startSession: ({ token }) => ({ body: { token }, headers: OWN_PAGE }),
  endSession: () => ({ body: {}, headers: OWN_PAGE }),
};

/** How a caller is known. A session is a new one for each call, since some calls end it. */
const WAYS = ['token', 'session'] as const;
type Shown = Pick<CallOptions, 'token' | 'cookie'>;

const table = Object.entries(routes) as [RouteName, Route][];

/** Of a token that may: `operate` or `operate,payload`. */
const scopesOf = ({ scope, alsoScope }: Route) =>
  alsoScope === undefined ? (scope ?? 'view') : `${scope},${alsoScope}`;

describe('who may call what', () => {
  let database: TestDatabase;
  let pool: Pool;
  let ackline: StartedConsole;
  const rows = {} as Record<Tenant, Rows>;
  const tokens = new Map<string, string>();
  const tokenOf = (scope: string, tenant: Tenant | null) => tokens.get(`${scope} ${tenant}`)!;
  async function shown(way: (typeof WAYS)[number], scope: string, tenant: Tenant | null): Promise<Shown> {
    const token = tokenOf(scope, tenant);
    return way === 'token' ? { token } : { cookie: await signIn(ackline, token) };
  }

  before(async () => {
    database = await createTestDatabase();
    pool = testPool(database.url);
    ackline = await startConsole({ databaseUrl: database.url });
    for (const scope of new Set([...TOKEN_SCOPES, ...table.map(([, route]) => scopesOf(route))]))
      for (const tenant of ['crimson', 'azure', null] as const) {
        const name = `${scope.replace(',', '-')}-${tenant ?? 'all'}`;
        const token = await createToken(pool, {
          name,
          scopes: scope.split(',') as TokenScope[],
          tenant,
          expiresInMs: null,
          actor: 'me',
        });
        tokens.set(`${scope} ${tenant}`, token!);
      }
    rows.crimson = await makeRows('crimson');
    rows.azure = await makeRows('azure');
  });
  after(async () => {
    await ackline[Symbol.asyncDispose]();
    await pool.end();
    await database.close();
  });

  async function makeRows(tenant: Tenant): Promise<Rows> {
    const source = `${tenant}-hooks`;
    const { id, deliveries } = await storeEvent(pool, {
      source,
      tenant,
      type: `${tenant}-type`,
      deliveries: [
        { state: 'parked', destination: 'bot', attempts: [{ status: 503 }] },
        { state: 'delivered', destination: 'bot' },
      ],
    });
    await pool.query(
      "insert into delivery_edits (delivery_id, n, edited_by, key_id, body) values ($1, 1, 'me', 'none', '{}')",
      [deliveries[1]],
    );
    const filter = { state: 'parked' as const, tenant };
    const replay = await announceReplay(pool, { filter, actor: `me-${tenant}`, ratePerS: 1, trickle: 1 });
    const rejected = randomUUID();
    await insertRejection(pool, {
      requestId: rejected,
      rejectedAt: new Date(),
      source,
      provider: 'telegram',
      code: 'ACKLINE_BAD_SIGNATURE',
      reason: 'bad_signature',
      method: 'POST',
      url: `https://hooks.example.com/${tenant}`,
      headers: { known: [['Content-Type', 16]], others: 1 },
      bodyBytes: 2,
      bodySha256: '00',
      secrets: 1,
      tried: { secret: 2 },
      secretIndex: null,
      skewMs: null,
      diagnosis: 'unknown',
      what: 'w',
      fix: 'f',
      body: null,
    });
    return {
      event: id,
      parked: deliveries[0]!,
      edited: deliveries[1]!,
      replay: replay!.id,
      rejected,
      token: tokenOf('view', tenant),
    };
  }

  /** The status, and all of the text that came; of a stream what comes at once. */
  async function made(name: RouteName, tenant: Tenant, by: Shown) {
    const options = CALLS[name](rows[tenant], tenant);
    if (name !== 'streamEvents') {
      const { status, json } = await ackline.call(name, { ...options, ...by });
      return { status, text: JSON.stringify(json), code: (json as { code?: string }).code };
    }
    const stop = new AbortController();
    const response = await fetch(urlOf(ackline.url, name, options), {
      headers: by.cookie === undefined ? { authorization: `Bearer ${by.token}` } : { cookie: by.cookie },
      signal: stop.signal,
    });
    if (!response.ok) {
      const json = (await response.json()) as { code: string };
      return { status: response.status, text: '', code: json.code };
    }
    let text = '';
    const own = `${tenant}-type`;
    for await (const chunk of response.body!) {
      text += Buffer.from(chunk).toString('utf8');
      if (text.includes(own)) break;
    }
    stop.abort();
    return { status: response.status, text, code: undefined };
  }

  for (const [name, route] of table) {
    for (const way of WAYS) {
      it(`${name} is for a ${way} with the scope ${route.scope ?? 'of any kind'} alone`, async () => {
        for (const scope of TOKEN_SCOPES) {
          const { status, code } = await made(name, 'crimson', await shown(way, scope, null));
          const isAllowed = route.scope === null || (route.scope === scope && route.alsoScope === undefined);
          // 409: it may, and somebody has done it before.
          assert.equal(status < 300 || status === 409, isAllowed, `${scope}: ${status}`);
          if (!isAllowed) assert.deepEqual([status, code], [403, 'ACKLINE_NOT_ALLOWED']);
        }
      });

      it(`${name} shows a ${way} of a tenant nothing of another one`, () => showsNothing(name, route, way));
    }
  }

  async function showsNothing(name: RouteName, route: Route, way: (typeof WAYS)[number]): Promise<void> {
    const scope = scopesOf(route);
    const own = await made(name, 'azure', await shown(way, scope, 'azure'));
    if (route.tenants === 'all') {
      assert.deepEqual([own.status, own.code], [403, 'ACKLINE_NOT_ALLOWED']);
      return;
    }
    assert.ok(own.status < 300 || own.status === 409, String(own.status));
    for (const trace of [
      'crimson',
      rows.crimson.event,
      rows.crimson.parked,
      rows.crimson.replay,
      rows.crimson.rejected,
    ])
      assert.ok(!own.text.includes(trace), `${trace} in ${own.text}`);
    if (Object.keys(route.params.shape).length === 0) return;
    const others = await made(name, 'crimson', await shown(way, scope, 'azure'));
    assert.deepEqual([others.status, others.code], [404, 'ACKLINE_NOT_FOUND']);
  }

  it('who sends another body needs to be one who may see bodies', async () => {
    for (const scope of ['operate', 'payload'] as const) {
      const { status } = await made('replayEdited', 'crimson', await shown('token', scope, null));
      assert.equal(status, 403, scope);
    }
  });

  it('who may not see keys finds nothing by one', async () => {
    const asked = table.flatMap(([name, { query }]) =>
      ['dedupKey', 'orderingKey'].filter(key => key in query.shape).map(key => [name, key] as const),
    );
    assert.ok(asked.length >= 6);
    for (const [name, key] of asked) {
      const query = { [key]: 'chat-1' };
      const { status, json } = await ackline.call(name, { query, token: tokenOf('view', null) });
      assert.deepEqual([status, json.code], [403, 'ACKLINE_NOT_ALLOWED'], `${name} ${key}`);
    }
  });

  it('a token of a tenant can not ask for another one by a filter', async () => {
    for (const [name, route] of table) {
      if (!('tenant' in route.query.shape)) continue;
      const { status, json } = await ackline.call(name, {
        query: { tenant: 'crimson' },
        token: tokenOf('view', 'azure'),
      });
      assert.deepEqual([status, json.code], [403, 'ACKLINE_NOT_ALLOWED'], name);
    }
    const body = { filter: { tenant: 'crimson' } };
    const { status } = await ackline.call('createReplay', { body, token: tokenOf('operate', 'azure') });
    assert.equal(status, 403);
  });

  it('what a token did is in the audit under its name', async () => {
    for (const [actor, action] of [
      ['token:operate-all', 'destination.paused'],
      ['token:payload-azure', 'payload.viewed'],
    ] as const) {
      const query = { actor, action };
      const { json } = await ackline.call('listAudit', { token: tokenOf('view', null), query });
      assert.ok(json.items.length > 0, actor);
    }
    // The longest that somebody has: the id of a person at an OpenID provider.
    const query = { actor: `oidc-sub:${'x'.repeat(255)}` };
    assert.equal((await ackline.call('listAudit', { token: tokenOf('view', null), query })).status, 200);
  });
});
