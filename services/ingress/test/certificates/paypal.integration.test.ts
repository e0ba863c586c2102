import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createLogLevelSwitch } from '@ackline/runtime/log-level-switch';
import { createLogger } from '@ackline/runtime/logger';
import { createPool } from '@ackline/store/pool';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { makeCertificate } from '@ackline/testkit/made-certificates';
import { waitFor } from '@ackline/testkit/wait-for';
import { createApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import {
  type FakePaypal,
  signingKeys,
  startFakePaypal,
  SUBJECT,
  transmissionLines,
} from '../support/fake-paypal.ts';
import { openRaw, post } from '../support/raw-http.ts';

const WEBHOOK_ID = '8PT597110X687430L';
const CONFIG = `
sources: [{ name: paypal, provider: paypal, path: /webhook/paypal, secrets: [{ env: PAYPAL_WEBHOOK_ID }] }]
destinations: [{ name: receiver, type: http, url: http://127.0.0.1:9/ }]
routes: [{ name: all, destination: receiver }]
`;
const EVENT = '{"id":"WH-1","event_type":"PAYMENT.CAPTURE.COMPLETED","resource":{"id":"42"}}';

interface RunningApp extends AsyncDisposable {
  readonly paypal: FakePaypal;
  /** Status, code of the problem, and Retry-After. */
  send(
    url: string,
    body?: string,
    signed?: string,
  ): Promise<readonly [number, string | undefined, string | undefined]>;
  logged(event: string): Record<string, unknown>[];
  fetches(): Promise<Record<string, number>>;
}

describe('webhooks of PayPal', () => {
  let database: TestDatabase;
  let folder: string;

  before(async () => {
    database = await createTestDatabase();
    folder = await mkdtemp(join(tmpdir(), 'ackline-paypal-'));
    await writeFile(join(folder, 'ackline.yaml'), CONFIG);
  });
  after(async () => {
    await rm(folder, { recursive: true, force: true });
    await database.close();
  });

  async function start(
    options: { readonly isChainShown?: boolean; readonly as?: FakePaypal } = {},
  ): Promise<RunningApp> {
    const paypal = options.as ?? (await startFakePaypal(options));
    const lines: Record<string, unknown>[] = [];
    const write = (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>);
    const log = createLogger({ service: 'ingress', level: 'info', destination: { write } });
    const aborting = new AbortController();
    const ports = { http: 0, operations: 0 };
    const app = await createApp(
      loadConfig({
        ACKLINE_CONFIG: join(folder, 'ackline.yaml'),
        DATABASE_URL: database.url,
        HOST: '127.0.0.1',
        OPS_HOST: '127.0.0.1',
        PORT: '0',
        OPS_PORT: '0',
        PAYPAL_WEBHOOK_ID: WEBHOOK_ID,
      }),
      {
        log,
        report: message => {
          if (message.kind === 'listening' && message.name in ports)
            ports[message.name as keyof typeof ports] = message.port;
        },
        followLogLevel: createLogLevelSwitch(log, 'info', () => undefined),
        signal: aborting.signal,
      },
      undefined,
      paypal.trust,
    );
    const running = app.run(aborting.signal);
    await waitFor(() => ports.http !== 0);
    return {
      paypal,
      logged: event => lines.filter(line => line['msg'] === event),
      async send(url, body = EVENT, signed = body) {
        using client = await openRaw(ports.http);
        client.write(
          post('/webhook/paypal', transmissionLines(signed, { webhookId: WEBHOOK_ID, url }), body),
        );
        const answer = await client.answer();
        const code = /ACKLINE_[A-Z_]+/.exec(answer.body)?.[0];
        return [answer.status, code, answer.headers.get('retry-after')] as const;
      },
      async fetches() {
        const text = await (await fetch(`http://127.0.0.1:${ports.operations}/metrics`)).text();
        const rows = text.matchAll(
          /^ackline_ingress_certificate_fetches_total\{.*outcome="(\w+)".*\} (\d+)$/gm,
        );
        return Object.fromEntries([...rows].map(([, outcome = '', count]) => [outcome, Number(count)]));
      },
      async [Symbol.asyncDispose]() {
        aborting.abort();
        await running;
        if (options.as === undefined) await paypal[Symbol.asyncDispose]();
      },
    };
  }

  async function asked<Row extends object>(query: string): Promise<readonly Row[]> {
    const pool = createPool({
      connectionString: database.url,
      applicationName: 'test',
      max: 1,
      onError: () => undefined,
    });
    try {
      return (await pool.query<Row>(query)).rows;
    } finally {
      await pool.end();
    }
  }
  /** Takes them out. */
  async function storedBodies(): Promise<string[]> {
    const rows = await asked<{ body: Buffer }>('delete from inbox returning body');
    return rows.map(({ body }) => body.toString());
  }

  const UNKNOWN = [503, 'ACKLINE_CERTIFICATE_UNKNOWN', '5'];

  it('are answered 503 until their certificate is here, and are taken then', async () => {
    await using app = await start();
    const url = app.paypal.shows(app.paypal.leaf.pem + app.paypal.between.pem);
    assert.deepEqual(await app.send(url), UNKNOWN);
    assert.deepEqual(await storedBodies(), []);
    await waitFor(() => app.logged('certificate.fetched').length === 1);
    assert.deepEqual(await app.send(url), [200, undefined, undefined]);
    assert.deepEqual(await app.send(url), [200, undefined, undefined]);
    assert.deepEqual(await storedBodies(), [EVENT]);
    assert.deepEqual(app.paypal.asked.length, 1);
    assert.deepEqual(await app.fetches(), { fetched: 1, failed: 0, bad: 0, limited: 0 });
    const [line] = app.logged('certificate.fetched');
    assert.deepEqual([line?.['url'], typeof line?.['validTo']], [url, 'string']);
  });

  it('are taken where nothing is shown but the certificate, once its issuer has come too', async () => {
    await using app = await start({ isChainShown: false });
    const { between, betweenDer, root, answers } = app.paypal;
    const shownWith = (issuerUrl: string) =>
      app.paypal.shows(makeCertificate({ name: SUBJECT, issuer: between, keys: signingKeys, issuerUrl }).pem);
    answers.set('/issuer', (_, response) => response.end(betweenDer));
    answers.set('/root', (_, response) => response.end(root.pem));
    const url = shownWith('http://cacerts.example.com/issuer');
    assert.deepEqual(await app.send(url), UNKNOWN);
    await waitFor(() => app.logged('certificate.fetched').length === 1);
    assert.deepEqual(await app.send(url), [200, undefined, undefined]);
    assert.deepEqual(await storedBodies(), [EVENT]);
    const wrong = shownWith('http://cacerts.example.com/root');
    assert.deepEqual(await app.send(wrong), UNKNOWN);
    await waitFor(() => app.logged('certificate.bad').length === 1);
    assert.deepEqual(await app.send(wrong), UNKNOWN);
  });

  it('are refused by it where they are not signed so', async () => {
    await using app = await start();
    const url = app.paypal.shows(app.paypal.leaf.pem);
    const forged = EVENT.replace('42', '43');
    assert.deepEqual(await app.send(url, forged, EVENT), UNKNOWN);
    await waitFor(() => app.logged('certificate.fetched').length === 1);
    assert.deepEqual((await app.send(url, forged, EVENT)).slice(0, 2), [401, 'ACKLINE_BAD_SIGNATURE']);
    assert.deepEqual(await storedBodies(), []);
  });

  it('are refused where their certificate is elsewhere, and nothing is asked for there', async () => {
    await using app = await start();
    for (const url of ['https://127.0.0.1/v1/notifications/certs/CERT-1', `${app.paypal.urlOf('CERT-1')}?x`])
      assert.deepEqual((await app.send(url)).slice(0, 2), [401, 'ACKLINE_BAD_SIGNATURE']);
    assert.equal(app.paypal.connections(), 0);
    assert.deepEqual(await app.fetches(), { fetched: 0, failed: 0, bad: 0, limited: 0 });
  });

  it('are not taken by a certificate that is not of PayPal, out of force, or under no root', async () => {
    await using app = await start();
    const { between } = app.paypal;
    const made = (options: Partial<Parameters<typeof makeCertificate>[0]>) =>
      makeCertificate({ name: SUBJECT, issuer: between, keys: signingKeys, ...options }).pem;
    const itself = { name: SUBJECT, keys: signingKeys };
    const shown = [
      made({ name: 'messageverificationcerts.example.com' }),
      made({ validTo: Date.now() - 1_000 }),
      makeCertificate(itself).pem,
    ];
    for (const [at, pem] of shown.entries()) {
      const url = app.paypal.shows(pem);
      assert.deepEqual(await app.send(url), UNKNOWN);
      await waitFor(() => app.logged('certificate.bad').length === at + 1);
      assert.deepEqual(await app.send(url), UNKNOWN);
    }
    assert.deepEqual(await app.fetches(), { fetched: 0, failed: 0, bad: 3, limited: 0 });
    assert.match(String(app.logged('certificate.bad').at(-1)?.['why']), /^no chain leads /);
    assert.deepEqual(await storedBodies(), []);
  });

  it('are answered at once while PayPal does not answer, and a drain waits for nothing of it', async () => {
    const app = await start();
    const url = app.paypal.urlOf('CERT-slow');
    app.paypal.answers.set(new URL(url).pathname, () => undefined);
    for (let time = 0; time < 3; time += 1) assert.deepEqual(await app.send(url), UNKNOWN);
    await waitFor(() => app.paypal.asked.length === 1);
    await app[Symbol.asyncDispose]();
    assert.deepEqual(app.logged('certificate.failed'), []);
    assert.equal(app.paypal.asked.length, 1);
  });

  it('of strangers have few certificates asked for', async () => {
    await using app = await start();
    for (let number = 0; number < 30; number += 1)
      assert.deepEqual(await app.send(app.paypal.urlOf(`CERT-none-${number}`)), UNKNOWN);
    await waitFor(async () => ((await app.fetches())['limited'] ?? 0) >= 20);
    assert.ok(app.paypal.asked.length <= 10, String(app.paypal.asked.length));
  });

  it('are taken after a restart, whatever strangers ask for and while PayPal does not show it', async () => {
    await using paypal = await startFakePaypal();
    const url = paypal.shows(paypal.leaf.pem + paypal.between.pem);
    {
      await using before = await start({ as: paypal });
      assert.deepEqual(await before.send(url), UNKNOWN);
      await waitFor(
        async () => (await asked(`select from published_certificates where url = '${url}'`)).length === 1,
        { timeoutMs: 30_000 },
      );
    }
    paypal.answers.clear();
    await using app = await start({ as: paypal });
    for (let number = 0; number < 20; number += 1)
      assert.deepEqual(await app.send(paypal.urlOf(`CERT-none-${number}`)), UNKNOWN);
    await waitFor(async () => (await app.send(url))[0] === 200);
    assert.deepEqual(await storedBodies(), [EVENT]);
  });
});
