import type { Provider } from '../../provider.ts';
import { hmacHex, readClaim, refuse, sameText, SECONDS_FORM, verdictAt, verdictOf } from './signature.ts';

export interface PairRules {
  /** Lower case. */
  readonly header: string;
  /** Between two pairs. */
  readonly separator: ',' | ';';
  /** The name of the time, and that of a signature of it and the body. Pairs of other names prove nothing. */
  readonly time: string;
  readonly signature: string;
  /** Between the time and the body in what is signed. */
  readonly joint: '.' | ':';
  readonly toleranceMs: number;
}

/** Hexadecimal HMAC-SHA256. */
const SIGNATURE_FORM = /^[0-9a-f]{64}$/;

/**
 * A proof that is one header of names and values: a time, and a signature by each live secret, which are two while one is
 * rotated.
 */
export function createPairsProof(rules: PairRules) {
  const { separator, time, signature, joint } = rules;
  const pair = '[a-z0-9]{1,9}=[0-9a-zA-Z]{1,100}';
  /** What each of them has to be is asked of it alone. */
  const form = new RegExp(`^${pair}(?:${separator}${pair}){0,99}$`);
  const own = (secret: string, seconds: string, body: Uint8Array) => hmacHex(secret, [seconds, joint, body]);

  /** null: no time or two of them, or no signature. */
  function read(value: string) {
    const pairs = value.split(separator).map(text => text.split('='));
    const valuesOf = (name: string) => pairs.flatMap(([key, text = '']) => (key === name ? [text] : []));
    const [seconds = '', second] = valuesOf(time);
    const signatures = valuesOf(signature).filter(text => SIGNATURE_FORM.test(text));
    if (second !== undefined || !SECONDS_FORM.test(seconds) || signatures.length === 0) return null;
    return { seconds, signatures };
  }

  const verify: Provider['verify'] = (request, secrets, now, toleranceMs = rules.toleranceMs) => {
    const claim = readClaim(request, secrets, { header: rules.header, form });
    if (claim.kind === 'refused') return claim.verdict;
    const shown = read(claim.value);
    if (shown === null) return refuse('malformed_signature');
    const verdict = verdictOf(claim.live, secret => {
      const expected = own(secret, shown.seconds, request.body);
      return shown.signatures.some(text => sameText(text, expected));
    });
    return verdictAt(verdict, shown.seconds, { now, toleranceMs });
  };

  return {
    verify,
    /** The value of the header. */
    prove: (secret: string, seconds: string, body: Uint8Array) =>
      [`${time}=${seconds}`, `${signature}=${own(secret, seconds, body)}`].join(separator),
  };
}
