import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import {
  type CertificateOptions,
  makeCertificate,
  type MadeCertificate,
  makeRsaKeys,
} from '@ackline/testkit/made-certificates';
import { createCertificateCheck } from '../../src/certificates/certificate-check.ts';

const SUBJECT = 'messageverificationcerts.paypal.com';
const HOUR_MS = 3_600_000;
const now = Date.now();
const keys = makeRsaKeys();

const root = makeCertificate({ name: 'root', isAuthority: true });
const between = makeCertificate({ name: 'between', issuer: root, isAuthority: true });
const lower = makeCertificate({ name: 'lower', issuer: between, isAuthority: true });
const leafOf = (options: Partial<CertificateOptions> = {}) =>
  makeCertificate({ name: SUBJECT, issuer: between, keys, ...options });

interface Shown {
  readonly chain?: readonly MadeCertificate[];
  readonly others?: readonly MadeCertificate[];
  readonly roots?: readonly MadeCertificate[];
  readonly at?: number;
}

function checked(
  leaf: MadeCertificate | string,
  { chain = [between], others = [], roots = [root], at = now }: Shown = {},
) {
  const first = typeof leaf === 'string' ? leaf : leaf.pem;
  const shown = {
    pem: first + chain.map(({ pem }) => pem).join(''),
    others: others.map(({ pem }) => new X509Certificate(pem)),
  };
  return createCertificateCheck(roots.map(({ pem }) => pem))(shown, SUBJECT, at);
}

function whyNot(leaf: MadeCertificate | string, shown: Shown = {}): string {
  const result = checked(leaf, shown);
  return result.kind === 'bad' ? result.why : 'good';
}

describe('the certificate that a provider signs with', () => {
  it('is good with those between it and a root, in any order, and has its key and its end', () => {
    const leaf = leafOf({ issuer: lower });
    for (const chain of [
      [lower, between],
      [between, lower],
      [root, between, lower],
      [lower, lower, between],
    ]) {
      const result = checked(leaf, { chain });
      assert.ok(result.kind === 'good');
      assert.ok(result.key.equals(keys.publicKey));
      assert.equal(result.validTo, new X509Certificate(leaf.pem).validToDate.getTime());
    }
    assert.equal(whyNot(leafOf({ issuer: root }), { chain: [] }), 'good');
  });

  it('is good with what its server proved itself by in between, where nothing else is shown', () => {
    assert.equal(whyNot(leafOf(), { chain: [], others: [between] }), 'good');
    assert.equal(whyNot(leafOf({ issuer: lower }), { chain: [lower], others: [between] }), 'good');
  });

  it('is bad without a chain to a root, and its issuer is named', () => {
    const none = 'no chain leads from it to a public root: it is issued by between';
    assert.equal(whyNot(leafOf(), { chain: [] }), none);
    assert.equal(whyNot(leafOf(), { roots: [] }), none);
    assert.equal(whyNot(leafOf(), { chain: [lower] }), none);
    assert.equal(
      whyNot(leafOf(), {
        chain: [between, root],
        roots: [makeCertificate({ name: 'other', isAuthority: true })],
      }),
      none,
    );
  });

  it('is bad where whoever issued it only has the name of one that is trusted', () => {
    const impostor = makeCertificate({ name: 'root', isAuthority: true });
    const forged = makeCertificate({ name: 'between', issuer: impostor, isAuthority: true });
    assert.match(whyNot(leafOf({ issuer: impostor }), { chain: [impostor] }), /^no chain /);
    for (const chain of [[forged], [forged, between], [forged, impostor, between, root]])
      assert.match(whyNot(leafOf({ issuer: forged }), { chain }), /^no chain /);
  });

  it('is bad where it is issued by one that may issue none', () => {
    for (const hasUsage of [true, false]) {
      const other = makeCertificate({ name: 'api.example.com', issuer: between, hasUsage });
      const why = whyNot(leafOf({ issuer: other }), { chain: [other, between] });
      assert.match(why, /^no chain leads .* issued by api\.example\.com$/);
    }
  });

  it('is bad where it, one between or the root is not in force', () => {
    const past = { validFrom: now - 2 * HOUR_MS, validTo: now - HOUR_MS };
    const future = { validFrom: now + HOUR_MS, validTo: now + 2 * HOUR_MS };
    for (const time of [past, future]) {
      assert.match(whyNot(leafOf(time)), /^it is in force from .* alone$/);
      const issuer = makeCertificate({ name: 'between', issuer: root, isAuthority: true, ...time });
      assert.match(whyNot(leafOf({ issuer }), { chain: [issuer] }), /^no chain /);
      const ended = makeCertificate({ name: 'root', isAuthority: true, ...time });
      assert.match(whyNot(leafOf({ issuer: ended }), { chain: [], roots: [ended] }), /^no chain /);
    }
    const leaf = leafOf(future);
    const later = makeCertificate({ name: 'between', issuer: root, isAuthority: true, ...future });
    assert.match(whyNot(leaf, { chain: [later], at: now + 3 * HOUR_MS }), /^it is in force/);
  });

  it('is bad where it is made out to another name, or to all of a domain', () => {
    for (const name of [
      'messageverificationcerts.sandbox.paypal.com',
      'paypal.com',
      '*.paypal.com',
      'api.paypal.com',
      `${SUBJECT}.example.com`,
      'messageverificationcerts.example.com',
    ])
      assert.equal(whyNot(leafOf({ name })), `it is not made out to ${SUBJECT}`, name);
  });

  it('is bad where it is one of an authority, or has no key of RSA with 2048 bits', () => {
    assert.equal(
      whyNot(makeCertificate({ name: SUBJECT, issuer: between, isAuthority: true, keys })),
      'it is one of an authority',
    );
    const why = 'its key is not one of RSA with 2048 bits or more';
    assert.equal(whyNot(makeCertificate({ name: SUBJECT, issuer: between })), why);
    assert.equal(whyNot(leafOf({ keys: makeRsaKeys(1_024) })), why);
  });

  it('is none of what is no certificate', () => {
    const { pem } = leafOf();
    for (const text of ['', '<html>', 'x'.repeat(65_536), '-----BEGIN CERTIFICATE-----\n', pem.slice(0, -40)])
      assert.equal(whyNot(text, { chain: [] }), 'it is no certificate');
    const noDer = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    for (const text of [noDer, pem + noDer]) assert.equal(whyNot(text), 'it is no certificate');
  });

  it('is looked for in a ring of those in between only once around', () => {
    const first = makeCertificate({ name: 'first', isAuthority: true });
    const second = makeCertificate({ name: 'second', issuer: first, isAuthority: true });
    const ring = makeCertificate({
      name: 'first',
      issuer: second,
      isAuthority: true,
      keys: { privateKey: first.privateKey, publicKey: new X509Certificate(first.pem).publicKey },
    });
    assert.match(whyNot(leafOf({ issuer: second }), { chain: [second, ring, first] }), /^no chain /);
  });

  it('says where its issuer is only if that alone is missing, and only by a name', () => {
    const at = (
      issuerUrl: string,
      shown: Shown = { chain: [] },
      options: Partial<CertificateOptions> = {},
    ) => {
      const result = checked(leafOf({ issuerUrl, ...options }), shown);
      return result.kind === 'bad' ? result.issuerUrl : result.kind;
    };
    const url = 'http://cacerts.example.com/between.crt';
    assert.equal(at(url), url);
    assert.equal(at(url, { chain: [between] }), 'good');
    assert.equal(at(url, { chain: [] }, { name: 'api.paypal.com' }), null);
    for (const other of [
      'https://cacerts.example.com/between.crt',
      'ldap://cacerts.example.com/between.crt',
      'http://127.0.0.1/between.crt',
      'http://0x7f.1/between.crt',
      'http://2130706433/between.crt',
      'http://[::1]/between.crt',
      'http://localhost/between.crt',
      'http://cacerts.example.com:8080/between.crt',
      'http://user@cacerts.example.com/between.crt',
      'http://cacerts.example.com',
    ])
      assert.equal(at(other), null, other);
  });
});
