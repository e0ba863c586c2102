import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { after, before, beforeEach, describe, it } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { freePort } from '@ackline/testkit/free-port';
import { type DoctorFolder, openDoctorFolder, parseReport } from '../run-doctor.ts';
import { CERTIFICATE, CERTIFICATE_ENDS_AT, KEY } from '@ackline/testkit/certificate';

const HEALTH = {
  status: 'healthy',
  event_log: { tier_in_use: 'inbox', tiers: [{ name: 'inbox', circuit_breaker: 'CLOSED' }], kafka: 'none' },
  spool: null,
  redis: null,
  config: { error: null },
};
const healthy: RequestListener = (request, response) => {
  response.writeHead(request.url === '/health' ? 200 : 404).end(JSON.stringify(HEALTH));
};

describe('ackline doctor --probe and --ops', () => {
  let folder: DoctorFolder;
  const servers: Server[] = [];
  before(async () => {
    folder = await openDoctorFolder();
  });
  after(async () => {
    for (const server of servers) server.close();
    await folder[Symbol.asyncDispose]();
  });
  beforeEach(() => setDefaultCACertificates(getCACertificates('bundled')));

  async function listen(server: Server): Promise<number> {
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }
  async function probe(publicUrl: string, ...args: string[]) {
    await folder.write(
      'ackline.yaml',
      `publicUrl: ${publicUrl}\nsources: [{ name: tg, provider: telegram, path: /tg, secrets: [{ env: TG }] }]\nroutes: [{ name: a, destination: b }]\ndestinations: [{ name: b, type: kafka, topic: t }]\n`,
    );
    const ran = await folder.run({}, '--probe', '--json', ...args);
    assert.equal(ran.err, '');
    return parseReport(ran).findings.map(({ id, what }) => `${id}: ${what}`);
  }
  async function tlsUrl(): Promise<string> {
    const port = await listen(createTlsServer({ key: KEY, cert: CERTIFICATE }, healthy));
    return `https://localhost:${port}`;
  }

  it('finds nothing where an ingress answers', async () => {
    assert.deepEqual(await probe(`http://127.0.0.1:${await listen(createServer(healthy))}`), []);
  });

  it('finds what answers and is no ingress: another program, a redirect, an endless answer', async () => {
    const answers: readonly [RequestListener, RegExp][] = [
      [
        (_request, response) => void response.end('<html>'),
        /^url-not-ours: \/health is answered 200, and not by an ingress$/,
      ],
      [
        (_request, response) => void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
        /^url-not-ours: .* 302/,
      ],
      [
        (_request, response) => {
          const more = () => response.destroyed || response.write('x'.repeat(100_000), more);
          more();
        },
        /^url-unreachable: the answer is too long$/,
      ],
      [(_request, response) => void response.socket?.resetAndDestroy(), /^url-unreachable: .*ECONNRESET/],
    ];
    for (const [answer, expected] of answers) {
      const found = await probe(`http://127.0.0.1:${await listen(createServer(answer))}`);
      assert.match(found.join('\n'), expected);
    }
  });

  it('finds a port that nothing listens on, and a name that is not there', async () => {
    assert.match(
      (await probe(`http://127.0.0.1:${await freePort()}`)).join(),
      /^url-unreachable: .*ECONNREFUSED/,
    );
    assert.match((await probe('http://nowhere.invalid')).join(), /^url-unreachable: .*(ENOTFOUND|EAI_AGAIN)/);
  });

  it('finds a certificate that nobody accepts', async () => {
    assert.match((await probe(await tlsUrl())).join(), /^url-unreachable: .*(SELF_SIGNED|self-signed)/);
  });

  it('finds a certificate that ends soon, and none that lasts', async t => {
    setDefaultCACertificates([CERTIFICATE]);
    const url = await tlsUrl();
    assert.deepEqual(await probe(url), []);
    t.mock.timers.enable({ apis: ['Date'], now: CERTIFICATE_ENDS_AT - 9.5 * 86_400_000 });
    assert.deepEqual(await probe(url), ['certificate-ends: its certificate ends in 9 days']);
  });

  it('asks the operations ports that are named, and one that is away is found', async () => {
    const metrics = [
      { name: 'ackline_ingress_unacked_requests', values: [{ labels: { source: 'tg' }, value: 12 }] },
    ];
    const port = await listen(
      createServer((_request, response) => void response.end(JSON.stringify(metrics))),
    );
    const away = await freePort();
    const url = `http://127.0.0.1:${await listen(createServer(healthy))}`;
    const found = await probe(url, '--ops', `http://127.0.0.1:${port}`, '--ops', `http://127.0.0.1:${away}`);
    assert.deepEqual(found, ['service-away: ECONNREFUSED', 'webhook-refused: 12 requests refused in a row']);
  });
});
