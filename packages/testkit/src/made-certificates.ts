import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** X.509 certificates of a test's own authorities, made by hand: no program is needed, and each field can be wrong. */

export interface CertificateOptions {
  /** CN, and a DNS name of it unless it is an authority. */
  readonly name: string;
  /** Default: itself. */
  readonly issuer?: MadeCertificate;
  readonly isAuthority?: boolean;
  /** False: it does not say what its key is for. */
  readonly hasUsage?: boolean;
  /** Where it says that the certificate of its issuer is. */
  readonly issuerUrl?: string;
  /** Epoch milliseconds. Default: a day ago, and in a day. */
  readonly validFrom?: number;
  readonly validTo?: number;
  /** Default: a new one of P-256. */
  readonly keys?: KeyPairObjects;
}

export interface KeyPairObjects {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export interface MadeCertificate {
  readonly name: string;
  readonly pem: string;
  readonly privateKey: KeyObject;
}

const DAY_MS = 86_400_000;

export function makeRsaKeys(bits = 2_048): KeyPairObjects {
  return generateKeyPairSync('rsa', { modulusLength: bits });
}

export function makeCertificate(options: CertificateOptions): MadeCertificate {
  const { name, issuer, validFrom, validTo } = options;
  const { publicKey, privateKey } = options.keys ?? generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signer = issuer?.privateKey ?? privateKey;
  const algorithm = signer.asymmetricKeyType === 'rsa' ? RSA_SHA256 : ECDSA_SHA256;
  const now = Date.now();
  const signed = sequence(
    tagged(0xa0, tagged(0x02, Buffer.from([2]))), // version 3
    serialNumber(++lastSerial),
    algorithm,
    distinguishedName(issuer?.name ?? name),
    sequence(time(validFrom ?? now - DAY_MS), time(validTo ?? now + DAY_MS)),
    distinguishedName(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(...extensions(options))),
  );
  const der = sequence(signed, algorithm, bits(sign('sha256', signed, signer)));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  const pem = ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
  return { name, privateKey, pem };
}

/** Two certificates of one issuer must not share it. */
let lastSerial = 0;

function extensions({ name, isAuthority = false, hasUsage = true, issuerUrl }: CertificateOptions): Buffer[] {
  const usage = isAuthority ? [2, 0x04] : [7, 0x80]; // keyCertSign, digitalSignature
  return [
    extension('551d13', sequence(...(isAuthority ? [tagged(0x01, Buffer.from([0xff]))] : []))),
    ...(hasUsage ? [extension('551d0f', tagged(0x03, Buffer.from(usage)))] : []),
    ...(isAuthority ? [] : [extension('551d11', sequence(tagged(0x82, Buffer.from(name))))]),
    ...(issuerUrl === undefined ? [] : [extension('2b06010505070101', accessTo(issuerUrl))]),
  ];
}

/** To the certificate of its issuer. */
const accessTo = (url: string) =>
  sequence(sequence(identifier('2b06010505073002'), tagged(0x86, Buffer.from(url))));
const extension = (oid: string, value: Buffer) => sequence(identifier(oid), tagged(0x04, value));
const distinguishedName = (name: string) =>
  sequence(tagged(0x31, sequence(identifier('550403'), tagged(0x0c, Buffer.from(name)))));
const identifier = (hex: string) => tagged(0x06, Buffer.from(hex, 'hex'));
const sequence = (...parts: Buffer[]) => tagged(0x30, Buffer.concat(parts));
const serialNumber = (count: number) => tagged(0x02, Buffer.from([1, count >> 8, count & 0xff]));
const bits = (value: Buffer) => tagged(0x03, Buffer.concat([Buffer.from([0]), value]));
const time = (ms: number) =>
  tagged(0x18, Buffer.from(`${new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, '')}`));

const RSA_SHA256 = sequence(identifier('2a864886f70d01010b'), tagged(0x05, Buffer.alloc(0)));
const ECDSA_SHA256 = sequence(identifier('2a8648ce3d040302'));

function tagged(tag: number, value: Buffer): Buffer {
  const { length } = value;
  const head =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), value]);
}
