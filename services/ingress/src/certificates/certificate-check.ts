import { type KeyObject, X509Certificate } from 'node:crypto';
import { isRsaKey } from '@ackline/shared/providers/proof/key-pairs';

/** What was shown at the URL of a certificate. */
export interface ShownCertificate {
  /** The certificate in PEM, and those between it and a root behind it, as far as they were shown. */
  readonly pem: string;
  /** Of others that may be between it and a root: by which the server proved itself, and what its issuer was found to be. */
  readonly others: readonly X509Certificate[];
}

export interface GoodCertificate {
  readonly kind: 'good';
  readonly key: KeyObject;
  /** It, and those between it and a root behind it, in PEM: all that it takes to check it once more. */
  readonly chain: string;
  /** Epoch milliseconds. */
  readonly validTo: number;
}

export type CheckedCertificate =
  | GoodCertificate
  /**
   * `why`: with nothing of it but the name of its issuer. `issuerUrl`: of http, where the one that is missing above it is said to be; null:
   * that is not what is wrong.
   */
  | { readonly kind: 'bad'; readonly why: string; readonly issuerUrl: string | null };

/** `now`: epoch milliseconds. */
export type CertificateCheck = (shown: ShownCertificate, subject: string, now: number) => CheckedCertificate;

const CERTIFICATE_FORM = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]{1,20000}-----END CERTIFICATE-----/g;
/** A chain of the web has three or four. */
const MAX_SHOWN = 8;
const MAX_NAME_CHARS = 100;

/**
 * Whether the first certificate is of the subject, in force, and issued by way of the others under one of the roots. The chain is
 * walked here, since Node checks one of TLS alone. Whether one was revoked is not asked.
 */
export function createCertificateCheck(rootPems: readonly string[]): CertificateCheck {
  let roots: readonly X509Certificate[] | null = null;
  return (shown, subject, now) => {
    const certificates = readCertificates(shown.pem);
    const [leaf, ...others] = certificates ?? [];
    if (leaf === undefined) return bad('it is no certificate');
    if (leaf.checkHost(subject, { wildcards: false }) === undefined)
      return bad(`it is not made out to ${subject}`);
    if (leaf.ca) return bad('it is one of an authority');
    if (!isInForce(leaf, now)) return bad(`it is in force from ${leaf.validFrom} to ${leaf.validTo} alone`);
    if (!isRsaKey(leaf.publicKey)) return bad('its key is not one of RSA with 2048 bits or more');
    roots ??= rootPems.map(pem => new X509Certificate(pem)); // 30 ms, once
    const between = [...others, ...shown.others].filter(one => one.ca && isInForce(one, now));
    const chain = { between, roots: roots.filter(root => isInForce(root, now)) };
    const way = wayToRoot(leaf, chain);
    if (way === null)
      return bad(
        `no chain leads from it to a public root: it is issued by ${issuerOf(leaf)}`,
        issuerUrlOf(leaf),
      );
    const text = way.map(one => one.toString()).join('');
    return { kind: 'good', key: leaf.publicKey, chain: text, validTo: leaf.validToDate.getTime() };
  };
}

function bad(why: string, issuerUrl: string | null = null): CheckedCertificate {
  return { kind: 'bad', why, issuerUrl };
}

/** null: one of them can not be read. */
function readCertificates(pem: string): readonly X509Certificate[] | null {
  try {
    return (pem.match(CERTIFICATE_FORM) ?? []).slice(0, MAX_SHOWN).map(text => new X509Certificate(text));
  } catch {
    return null;
  }
}

function isInForce({ validFromDate, validToDate }: X509Certificate, now: number): boolean {
  return validFromDate.getTime() <= now && now <= validToDate.getTime();
}

interface Chain {
  /** Of authorities. */
  readonly between: readonly X509Certificate[];
  readonly roots: readonly X509Certificate[];
}

/** The certificates from it to one that a root has issued; null: there are none. Each is looked at once, so that a ring of them has an end. */
function wayToRoot(leaf: X509Certificate, { between, roots }: Chain): readonly X509Certificate[] | null {
  const ways: (readonly X509Certificate[])[] = [[leaf]];
  const reached = new Set([leaf]);
  for (const way of ways) {
    const last = way.at(-1) ?? leaf;
    if (roots.some(root => isIssuedBy(last, root))) return way;
    for (const one of between) {
      if (reached.has(one) || !isIssuedBy(last, one)) continue;
      reached.add(one);
      ways.push([...way, one]);
    }
  }
  return null;
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function issuerOf({ issuer }: X509Certificate): string {
  const name = /^CN=(.*)$/m.exec(issuer)?.[1] ?? 'one without a name';
  return name.slice(0, MAX_NAME_CHARS);
}

/** Of a name, never of an address: the name is what is looked up, and held against where it leads. */
const ISSUER_URL = /^CA Issuers - URI:(http:\/\/(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,20}\/[!-~]{1,200})$/m;

function issuerUrlOf({ infoAccess }: X509Certificate): string | null {
  return ISSUER_URL.exec(infoAccess ?? '')?.[1] ?? null;
}
