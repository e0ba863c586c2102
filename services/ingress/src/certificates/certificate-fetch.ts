import { X509Certificate } from 'node:crypto';
import { get as getByHttp, type IncomingMessage, type RequestOptions } from 'node:http';
import { get as getByHttps } from 'node:https';
import type { LookupFunction } from 'node:net';
import { createSecureContext, rootCertificates, type SecureContext, TLSSocket } from 'node:tls';
import { createNameLookup } from '@ackline/runtime/name-lookup';
import { onlyPublic } from '@ackline/runtime/public-addresses';
import type { ShownCertificate } from './certificate-check.ts';

/** Whose word is taken for what a certificate is, and how hosts are reached. Tests have an authority and hosts of their own. */
export interface CertificateTrust {
  /** In PEM. */
  readonly roots: readonly string[];
  readonly lookup: LookupFunction;
  readonly ports: { readonly https: number; readonly http: number };
}

/** The public roots that Node comes with, whatever the environment adds; addresses of the internet alone. */
export function publicTrust(): CertificateTrust {
  return {
    roots: rootCertificates,
    lookup: onlyPublic(createNameLookup()),
    ports: { https: 443, http: 80 },
  };
}

/** From the look-up of the name to the last byte. Nobody waits for it. */
const LIMIT_MS = 5_000;
/** A chain has some 10 KiB. */
const MAX_BYTES = 65_536;
const MAX_OF_SERVER = 8;

export interface CertificateFetch {
  /** What is shown at a URL of https. */
  certificate(url: string, signal: AbortSignal): Promise<ShownCertificate>;
  /** Of an issuer, at a URL of http, as issuers show it: what it is worth is what its signature is. */
  issuer(url: string, signal: AbortSignal): Promise<X509Certificate>;
}

/** Follows what it is answered nowhere: anything but a 200 is a failure. */
export function createCertificateFetch({ roots, lookup, ports }: CertificateTrust): CertificateFetch {
  let context: SecureContext | null = null;
  const optionsOf = (port: number, signal: AbortSignal): RequestOptions => ({
    agent: false, // a connection of its own: each handshake shows the chain
    port,
    lookup,
    headers: { accept: '*/*', 'user-agent': 'Ackline' },
    signal: AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]),
  });
  return {
    async certificate(url, signal) {
      context ??= createSecureContext({ ca: [...roots], minVersion: 'TLSv1.2' }); // 40 ms, once
      const options = {
        ...optionsOf(ports.https, signal),
        secureContext: context,
        rejectUnauthorized: true, // whatever the environment says
      };
      const { bytes, others } = await answerTo(ready => getByHttps(url, options, ready));
      return { pem: bytes.toString('latin1'), others };
    },
    async issuer(url, signal) {
      const options = optionsOf(ports.http, signal);
      const { bytes } = await answerTo(ready => getByHttp(url, options, ready));
      return new X509Certificate(bytes);
    },
  };
}

type Ask = (ready: (response: IncomingMessage) => void) => ReturnType<typeof getByHttp>;

async function answerTo(ask: Ask): Promise<{ bytes: Buffer; others: readonly X509Certificate[] }> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    ask(resolve).on('error', reject);
  });
  try {
    if (response.statusCode !== 200) throw new Error(`it was answered ${response.statusCode}`);
    const others = chainOf(response);
    return { bytes: await readBytes(response), others };
  } finally {
    response.destroy();
  }
}

function chainOf({ socket }: IncomingMessage): readonly X509Certificate[] {
  const chain: X509Certificate[] = [];
  let next = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
  while (next !== undefined && chain.length < MAX_OF_SERVER) {
    chain.push(next);
    next = next.issuerCertificate;
  }
  return chain;
}

async function readBytes(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.byteLength;
    if (length > MAX_BYTES) throw new Error(`it is over ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
