import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, LookupFunction } from 'node:net';
import { crc32 } from 'node:zlib';
import { sign, X509Certificate } from 'node:crypto';
import { makeCertificate, type MadeCertificate, makeRsaKeys } from '@ackline/testkit/made-certificates';
import type { CertificateTrust } from '../../src/certificates/certificate-fetch.ts';

const HOST = 'api.paypal.com';
const PATH = '/v1/notifications/certs/';
export const SUBJECT = 'messageverificationcerts.paypal.com';

export const loopback: LookupFunction = (_name, { all }, callback) =>
  all ? callback(null, [{ address: '127.0.0.1', family: 4 }]) : callback(null, '127.0.0.1', 4);

export interface FakePaypal extends AsyncDisposable {
  readonly trust: CertificateTrust;
  /** The authority that everything is under, and the one that issues. */
  readonly root: MadeCertificate;
  readonly between: MadeCertificate;
  /** The same as issuers show it. */
  readonly betweenDer: Buffer;
  /** Of what it signs with, without those above it. */
  readonly leaf: MadeCertificate;
  /** What is answered at a path, by https and by http; else 404. */
  readonly answers: Map<string, RequestListener>;
  /** The paths that were asked for. */
  readonly asked: readonly string[];
  /** Shows this text at a new URL. */
  shows(text: string): string;
  /** The URL of a path below that of its certificates, whatever is there. */
  urlOf(name: string): string;
  connections(): number;
}

/**
 * PayPal's host of certificates on loopback, under an authority of its own, and that authority's host of issuers. `isChainShown`: it proves
 * itself by a chain from its root, which takes its issuer along.
 */
export async function startFakePaypal({ host = HOST, isChainShown = true } = {}): Promise<FakePaypal> {
  const root = makeCertificate({ name: 'Root of a test', isAuthority: true });
  const between = makeCertificate({ name: 'Issuer of a test', issuer: root, isAuthority: true });
  const leaf = makeCertificate({ name: SUBJECT, issuer: between, keys: signingKeys });
  const own = makeCertificate({ name: host, issuer: isChainShown ? between : root });
  const key = own.privateKey.export({ type: 'pkcs8', format: 'pem' });
  const answers = new Map<string, RequestListener>();
  const asked: string[] = [];
  let connections = 0;
  const listener: RequestListener = (request, response) => {
    const path = request.url ?? '';
    asked.push(path);
    const answer = answers.get(path) ?? ((_, none) => none.writeHead(404).end());
    answer(request, response);
  };
  const servers = [
    createServer({ key, cert: own.pem + (isChainShown ? between.pem : '') }, listener),
    createHttpServer(listener),
  ] as const;
  for (const server of servers) server.on('connection', () => (connections += 1));
  const [https, http] = await Promise.all(servers.map(listening));
  const urlOf = (name: string) => `https://${HOST}${PATH}${name}`;
  return {
    trust: { roots: [root.pem], lookup: loopback, ports: { https: https ?? 0, http: http ?? 0 } },
    root,
    between,
    betweenDer: new X509Certificate(between.pem).raw,
    leaf,
    answers,
    asked,
    shows(text) {
      const name = `CERT-${answers.size}`;
      answers.set(PATH + name, (_, response) => response.end(text));
      return urlOf(name);
    },
    urlOf,
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      await Promise.all(
        servers.map(server => {
          server.closeAllConnections();
          return new Promise(resolve => server.close(resolve));
        }),
      );
    },
  };
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** One pair for all: to make one takes time. */
export const signingKeys = makeRsaKeys();

/** The lines of a request as PayPal sends it. */
export function transmissionLines(
  body: string,
  {
    webhookId,
    url,
    at = Date.now(),
  }: { readonly webhookId: string; readonly url: string; readonly at?: number },
): string[] {
  const id = 'dfb3be50-fd74-11e4-8bf3-77339302725b';
  const time = `${new Date(at).toISOString().slice(0, 19)}Z`;
  const signature = sign(
    'sha256',
    Buffer.from(`${id}|${time}|${webhookId}|${crc32(body)}`),
    signingKeys.privateKey,
  );
  return [
    'Content-Type: application/json',
    `PAYPAL-TRANSMISSION-ID: ${id}`,
    `PAYPAL-TRANSMISSION-TIME: ${time}`,
    `PAYPAL-TRANSMISSION-SIG: ${signature.toString('base64')}`,
    `PAYPAL-CERT-URL: ${url}`,
    'PAYPAL-AUTH-ALGO: SHA256withRSA',
    'PAYPAL-AUTH-VERSION: v2',
  ];
}
