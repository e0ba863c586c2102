// docs/one-box/nginx-site.conf in a real nginx, in front of an ingress by docs/one-box/ackline.yaml.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { findDebianPrograms } from '@ackline/testkit/debian-programs';
import { waitFor } from '@ackline/testkit/wait-for';
import twilio from 'twilio';
import { callAsProvider, type ProviderCall } from '../src/one-box/provider-call.ts';
import { HOST, type ProxiedIngress, startProxiedIngress, startSite } from '../src/one-box/proxied-ingress.ts';
import { SIGNING_SECRET, TOKEN, TWILIO_AUTH_TOKEN } from '../src/system.ts';

const programs = findDebianPrograms('nginx', ['nginx']);
if (programs.kind === 'unavailable') console.log(`nginx is not tried: ${programs.reason}`);
/** Of a connection that nginx did not make: another address than its own, 127.0.0.1. */
const STRANGER = '127.0.0.9';
const PER_ADDRESS = 3;
const MIB = 1_048_576;
/** What nginx is allowed for all of these requests: bodies go through it, and none is kept. */
const MEMORY_LIMIT_BYTES = 64 * MIB;

const MORE_SOURCES = `
  - name: counted
    provider: telegram
    path: /webhook/counted
    secrets: [{ file: SECRETS/telegram }]
    limit: { max: ${PER_ADDRESS}, per: 1h, by: ip, over: reject }
  - name: large
    provider: telegram
    path: /webhook/large
    maxBody: 25MiB
    secrets: [{ file: SECRETS/telegram }]
`;

describe('nginx in front of Ackline, by docs/one-box/nginx-site.conf', {
  skip: programs.kind === 'unavailable' ? programs.reason : false,
}, () => {
  let secretFolder = '';
  let proxied: ProxiedIngress;

  before(async () => {
    assert.ok(programs.kind === 'found');
    secretFolder = await mkdtemp(join(tmpdir(), 'ackline-one-box-secrets-'));
    const secrets = { telegram: TOKEN, twilio: TWILIO_AUTH_TOKEN, signing: SIGNING_SECRET };
    for (const [name, secret] of Object.entries(secrets)) await writeFile(join(secretFolder, name), secret);
    proxied = await startProxiedIngress({
      program: join(programs.folder, 'nginx'),
      secretFolder,
      moreSources: MORE_SOURCES.replaceAll('SECRETS', secretFolder),
    });
  });

  after(async () => {
    await proxied[Symbol.asyncDispose]();
    await rm(secretFolder, { recursive: true, force: true });
  });

  const call = (given: Partial<ProviderCall>) =>
    callAsProvider({
      port: proxied.port,
      certificate: proxied.certificate,
      host: HOST,
      from: '127.0.0.2',
      path: '/webhook/telegram',
      headers: telegramHeaders,
      body: updateOf(1),
      ...given,
    });
  const direct = {
    get port() {
      return Number(new URL(proxied.system.baseUrl).port);
    },
    certificate: null,
  };

  it('answers 503 with Retry-After while nothing listens behind it, and passes on as soon as something does', async () => {
    const { status, head } = await call({});
    assert.equal(status, 503);
    assert.match(head, /^retry-after: 5\r?$/im);
    await proxied.system.startIngress();
    assert.equal((await call({})).status, 200);
    await proxied.system.startProcessor();
  });

  it('passes on a request that the package of Twilio signed for the public URL, query and escapes as they came', async () => {
    for (const path of ['/webhook/whatsapp', '/webhook/whatsapp?tag=a%20b%2F&x=1+2//3']) {
      const answer = await call({ path, ...twilioRequest(path) });
      assert.equal(answer.status, 200, answer.body);
      assert.match(answer.body, /<Response/);
    }
  });

  it('has the path looked up as it came: another spelling of it is another path', async () => {
    for (const path of ['/webhook/telegr%61m', '/webhook//telegram', '/x/../webhook/telegram'])
      assert.equal((await call({ path })).status, 404, path);
  });

  it('has no part in the proof of a sender: the same signature for another URL is refused', async () => {
    const answer = await call({
      path: '/webhook/whatsapp?tag=b',
      ...twilioRequest('/webhook/whatsapp?tag=a'),
    });
    assert.equal(answer.status, 401);
  });

  it('leaves headers in their order, with duplicates, empty ones and underscores, and what a caller says of proxies and traces out', async () => {
    const own = [
      ['X-odd-CASE', 'Kept as it is'],
      ['X-Twice', 'first'],
      ['with_underscore', '1'],
      ['X-Twice', 'second'],
      ['X-Empty', ''],
    ] as const;
    const claims = [
      ['X-Forwarded-For', '203.0.113.7'],
      ['X-Forwarded-Host', 'evil.example'],
      ['Forwarded', 'for=203.0.113.7'],
      ['traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'],
    ] as const;
    const answer = await call({ headers: [...own, ...claims, ...telegramHeaders], body: updateOf(77) });
    assert.equal(answer.status, 200, answer.body);
    const delivered = await waitFor(() =>
      proxied.receiver.requests.find(({ body }) => body.equals(updateOf(77))),
    );
    const { rawHeaders } = delivered;
    const names = new Set(own.map(([name]) => name as string));
    assert.deepEqual(
      rawHeaders.filter(([name]) => names.has(name)),
      own,
    );
    const valueOf = (wanted: string) =>
      rawHeaders.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value);
    assert.deepEqual(valueOf('x-forwarded-for'), ['127.0.0.2']);
    assert.deepEqual(valueOf('x-forwarded-host'), []);
    assert.deepEqual(valueOf('forwarded'), []);
    assert.ok(!valueOf('traceparent').some(value => value.includes('0af7651916cd43dd8448eb211c80319c')));
  });

  it('has callers counted by their own address, whatever they write into X-Forwarded-For', async () => {
    const counted = (from: string, sequence: number, claimed?: string) =>
      call({
        from,
        path: '/webhook/counted',
        body: updateOf(1_000 + sequence),
        headers: [
          ...(claimed === undefined ? [] : [['X-Forwarded-For', claimed] as const]),
          ...telegramHeaders,
        ],
      });
    const statuses = [];
    for (let sequence = 0; sequence < PER_ADDRESS + 1; sequence += 1)
      statuses.push((await counted('127.0.0.3', sequence, `203.0.113.${sequence}`)).status);
    assert.deepEqual(statuses, [...Array.from({ length: PER_ADDRESS }, () => 200), 429]);
    assert.equal((await counted('127.0.0.4', 50)).status, 200, 'another address has its own');
  });

  it('is the only one that is believed: a caller that goes past it is counted by the address of its connection', async () => {
    const statuses = [];
    for (let sequence = 0; sequence < PER_ADDRESS + 1; sequence += 1) {
      const headers = [['X-Forwarded-For', `203.0.113.${100 + sequence}`], ...telegramHeaders] as const;
      const body = updateOf(2_000 + sequence);
      statuses.push(
        (
          await call({
            ...direct,
            port: direct.port,
            from: STRANGER,
            path: '/webhook/counted',
            headers,
            body,
          })
        ).status,
      );
    }
    assert.deepEqual(statuses, [...Array.from({ length: PER_ADDRESS }, () => 200), 429]);
  });

  it('is not what a signature goes by: with X-Forwarded-Host and -Proto of a stranger it holds for the public URL alone', async () => {
    const spoofed = [
      ['X-Forwarded-Proto', 'https'],
      ['X-Forwarded-Host', 'evil.example'],
    ] as const;
    const path = '/webhook/whatsapp';
    const evil = twilioRequest(path, 'https://evil.example');
    const past = { ...direct, port: direct.port, from: STRANGER, path };
    assert.equal(
      (await call({ ...past, ...evil, host: 'evil.example', headers: [...spoofed, ...evil.headers] })).status,
      401,
    );
    const right = twilioRequest(path);
    assert.equal((await call({ ...past, ...right, headers: [...spoofed, ...right.headers] })).status, 200);
  });

  it('takes the largest body that a source may take, and leaves it to Ackline to refuse a larger one', async () => {
    const most = await call({ path: '/webhook/large', body: updateOf(3_001, 25 * MIB) });
    assert.equal(most.status, 200, most.body);
    const over = await call({ body: updateOf(3_002, MIB + 1) });
    assert.equal(over.status, 413);
    assert.match(over.body, /ACKLINE_BODY_TOO_LARGE/);
  });

  it('leaves it to Ackline how long a body may take', async () => {
    const answer = await call({ body: Buffer.from('{"update_id":'), declaredBytes: 500 });
    assert.equal(answer.status, 408);
    assert.match(answer.body, /ACKLINE_BODY_TOO_SLOW/);
  });

  it('takes nothing without TLS, and tells nobody to send it elsewhere', async () => {
    const answer = await call({ port: proxied.plainPort, certificate: null });
    assert.equal(answer.status, 403);
  });

  it('keeps nothing of what went through it, and has nothing to complain of', async () => {
    const bytes = await proxied.nginx.memoryBytes();
    assert.ok(bytes > 0 && bytes < MEMORY_LIMIT_BYTES, `${bytes} bytes`);
    const lines = proxied.nginx.output().split('\n');
    assert.deepEqual(
      lines.filter(line => line !== '' && !line.includes('Connection refused')),
      [],
    );
  });
});

describe('nginx by that file', { skip: programs.kind === 'unavailable' ? programs.reason : false }, () => {
  it('keeps its connections, and sends a request once: the provider is told, where one breaks', async () => {
    assert.ok(programs.kind === 'found');
    const seen = { connections: 0, requests: 0 };
    const upstream = createServer((request, response) => {
      seen.requests += 1;
      request.resume();
      if (request.url === '/breaks') request.socket.destroy();
      else response.end('kept');
    }).on('connection', () => {
      seen.connections += 1;
    });
    await once(upstream.listen(0, '127.0.0.1'), 'listening');
    const folder = await mkdtemp(join(tmpdir(), 'ackline-one-box-site-'));
    try {
      await using site = await startSite({
        program: join(programs.folder, 'nginx'),
        folder,
        upstream: `127.0.0.1:${(upstream.address() as AddressInfo).port}`,
      });
      const { port, certificate } = site;
      const call = (path: string) =>
        callAsProvider({
          port,
          certificate,
          path,
          host: HOST,
          from: '127.0.0.2',
          headers: [],
          body: updateOf(1),
        });
      for (let count = 0; count < 5; count += 1) assert.equal((await call('/kept')).status, 200);
      assert.deepEqual(seen, { connections: 1, requests: 5 });
      assert.equal((await call('/breaks')).status, 503);
      assert.equal(seen.requests, 6);
    } finally {
      upstream.close();
      upstream.closeAllConnections();
      await rm(folder, { recursive: true, force: true });
    }
  });
});

const telegramHeaders = [
  ['Content-Type', 'application/json'],
  ['X-Telegram-Bot-Api-Secret-Token', TOKEN],
] as const;

/** A body of so many bytes, or as short as it is. */
function updateOf(id: number, bytes = 0): Buffer {
  const text = (padding: string) =>
    `{"update_id":${id},"message":{"chat":{"id":7},"date":1700000000,"text":"${padding}"}}`;
  return Buffer.from(text('x'.repeat(Math.max(0, bytes - text('').length))));
}

function twilioRequest(path: string, base = `https://${HOST}`): Pick<ProviderCall, 'headers' | 'body'> {
  const form = {
    MessageSid: `SM${Buffer.from(path).toString('hex').padEnd(32, '0').slice(-32)}`,
    From: 'whatsapp:+15551230000',
    To: 'whatsapp:+15559870000',
    Body: 'Grüße + 100% & mehr = 👋',
    NumMedia: '0',
  };
  return {
    headers: [
      ['Content-Type', 'application/x-www-form-urlencoded; charset=UTF-8'],
      ['X-Twilio-Signature', twilio.getExpectedTwilioSignature(TWILIO_AUTH_TOKEN, base + path, form)],
    ],
    body: Buffer.from(new URLSearchParams(form).toString()),
  };
}
