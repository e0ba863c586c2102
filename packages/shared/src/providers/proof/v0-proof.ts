import type { Provider } from '../../provider.ts';
import {
  hmacHex,
  readClaim,
  readProofHeader,
  sameText,
  SECONDS_FORM,
  verdictAt,
  verdictOf,
} from './signature.ts';

export interface V0Rules {
  /** Names of the headers, lower case. */
  readonly signature: string;
  readonly time: string;
  readonly toleranceMs: number;
}

/** A proof that is `v0=` and the hexadecimal HMAC-SHA256 of `v0:`, a time in a header of its own, `:` and the body. */
export function createV0Proof(rules: V0Rules) {
  const signatureRules = { header: rules.signature, form: /^v0=[0-9a-f]{64}$/ };
  const timeRules = { header: rules.time, form: SECONDS_FORM };
  const prove = (secret: string, seconds: string, body: Uint8Array) =>
    `v0=${hmacHex(secret, [`v0:${seconds}:`, body])}`;

  const verify: Provider['verify'] = (request, secrets, now, toleranceMs = rules.toleranceMs) => {
    const claim = readClaim(request, secrets, signatureRules);
    if (claim.kind === 'refused') return claim.verdict;
    const time = readProofHeader(request, timeRules);
    if (time.kind === 'refused') return time.verdict;
    const seconds = time.value;
    const verdict = verdictOf(claim.live, secret =>
      sameText(claim.value, prove(secret, seconds, request.body)),
    );
    return verdictAt(verdict, seconds, { now, toleranceMs });
  };

  return { verify, prove };
}
