import { headerValues } from '../headers.ts';
import type { ReceivedRequest, Secrets, Verdict } from '../provider.ts';
import { bodyVariants, MAX_REWRITTEN_BYTES } from './body-variants.ts';
import type { Diagnosis, Suspect, Variant, VariantKind } from './diagnosis.ts';
import { headerVariants } from './header-variants.ts';
import { otherSourceVariants, secretVariants, testSecretVariants } from './secret-variants.ts';
import { describeTime } from './signed-time.ts';
import { ANY_TOLERANCE_MS, signedSkewMs } from './signed-skew.ts';
import { urlVariants } from './url-variants.ts';

/** Over it nothing is tried: each try reads all of the body. */
export const MAX_TRIED_BODY_BYTES = 131_072;
/** Far over what the kinds of variants come to, each with its own bound. */
const MAX_TRIES = 250;

export interface Examined {
  readonly diagnosis: Diagnosis;
  /** How many checks of each kind there were. */
  readonly tried: Readonly<Record<VariantKind, number>>;
  /** Of the secret that proves the variant; null: none does. */
  readonly secretIndex: number | null;
  /** How long before it came it was signed, negative: after; null: no time is signed, or it is not to be known. */
  readonly skewMs: number | null;
}

/**
 * Finds the nearest variant of a refused request that would have been proven, by asking the provider's own `verify` about altered
 * requests. Pure; yields after each question, so that the caller decides when the next one is asked.
 */
export function* diagnose(suspect: Suspect): Generator<void, Examined> {
  const tried = { header: 0, url: 0, secret: 0, body: 0, time: 0 };
  const nothing = { tried, secretIndex: null, skewMs: null };
  const evident = evidentDiagnosis(suspect);
  if (evident !== null) return { ...nothing, diagnosis: evident };
  let tries = 0;
  for (const variant of variantsOf(suspect)) {
    if (tries >= MAX_TRIES) break;
    tries += 1;
    tried[variant.kind] += 1;
    const verdict = verifyAnyTime(suspect, variant);
    yield;
    if (!verdict.verified) continue;
    const skewMs = yield* skewOf(suspect, variant, () => (tried.time += 1));
    const { secretIndex } = verdict;
    return {
      tried,
      secretIndex,
      skewMs,
      diagnosis: describeProven(suspect, variant, { secretIndex, skewMs }),
    };
  }
  return { ...nothing, diagnosis: unproven(suspect) };
}

const AS_IT_CAME: Variant = {
  kind: 'time',
  diagnose: () => ({
    code: 'valid-now',
    what: 'valid as it came, with the secrets that are in force now',
    fix: 'nothing: a secret was changed at about that time, and what is sent again is taken.',
  }),
};

/** What can not have been signed in any variant of the body, the URL or the secret needs none of these. */
const NO_PROOF: ReadonlySet<string> = new Set([
  'missing_signature',
  'duplicate_signature',
  'malformed_signature',
]);

function* variantsOf(suspect: Suspect): Generator<Variant> {
  yield AS_IT_CAME;
  yield* headerVariants(suspect);
  if (NO_PROOF.has(suspect.reason)) return;
  yield* urlVariants(suspect);
  yield* secretVariants(suspect);
  yield* testSecretVariants(suspect);
  yield* otherSourceVariants(suspect);
  yield* bodyVariants(suspect);
}

interface Altered {
  readonly request: ReceivedRequest;
  readonly secrets: Secrets;
}

function altered(suspect: Suspect, { request, secrets }: Variant): Altered {
  return { request: request ?? suspect.request, secrets: secrets ?? suspect.secrets };
}

/** A late copy of a request has its cause, too. */
function verifyAnyTime(suspect: Suspect, variant: Variant): Verdict {
  const { request, secrets } = altered(suspect, variant);
  return suspect.provider.verify(request, secrets, suspect.now, ANY_TOLERANCE_MS);
}

function* skewOf(suspect: Suspect, variant: Variant, count: () => void): Generator<void, number | null> {
  const { provider, now } = suspect;
  if (provider.toleranceMs === null) return null;
  const { request, secrets } = altered(suspect, variant);
  return yield* signedSkewMs((at, toleranceMs) => {
    count();
    return provider.verify(request, secrets, at, toleranceMs).verified;
  }, now);
}

function describeProven(
  suspect: Suspect,
  variant: Variant,
  { secretIndex, skewMs }: { readonly secretIndex: number; readonly skewMs: number | null },
): Diagnosis {
  const toleranceMs = suspect.source.toleranceMs ?? suspect.provider.toleranceMs;
  const time =
    skewMs === null || toleranceMs === null || Math.abs(skewMs) <= toleranceMs
      ? null
      : describeTime(skewMs, toleranceMs);
  if (variant === AS_IT_CAME) return time ?? variant.diagnose(secretIndex);
  const found = variant.diagnose(secretIndex);
  return time === null ? found : { ...found, what: `${found.what}; and ${time.what}` };
}

/** What needs no try. */
function evidentDiagnosis(suspect: Suspect): Diagnosis | null {
  const { reason, detail, request, secrets } = suspect;
  if (reason === 'empty_body')
    return {
      code: 'body-empty',
      what: 'the request came without a body',
      fix: 'have it pass on the way: a redirect that makes a GET of a POST loses it, and so does a function that has read it.',
    };
  if (reason === 'malformed')
    return {
      code: 'body-malformed',
      what: `the sender was proven, and the body can not be read: ${detail ?? 'it has another form'}`,
      fix: 'set the content type at the provider to what its section of docs/providers.md has.',
    };
  const ofCertificate = certificateDiagnosis(suspect);
  if (ofCertificate !== null) return ofCertificate;
  if (secrets.every(secret => secret === ''))
    return {
      code: 'no-secret',
      what: 'the source has no live secret',
      fix: 'set the variable or the file of its secret.',
    };
  if (request.body.byteLength > MAX_TRIED_BODY_BYTES)
    return {
      code: 'not-tried',
      what: `nothing is tried with a body over ${MAX_TRIED_BODY_BYTES / 1_024} KiB`,
      fix: 'look at a smaller request of the same sender: `ackline rejected`.',
    };
  return null;
}

/** Nothing can be tried without it. */
function certificateDiagnosis({ reason, provider: { name } }: Suspect): Diagnosis | null {
  if (reason === 'certificate_unknown')
    return {
      code: 'certificate-unknown',
      what: 'the certificate that it is signed with had not come yet',
      fix: `nothing where it came again and was taken. Else look for certificate.failed and certificate.bad in the log of the ingress, which has to reach the host of ${name} on port 443.`,
    };
  if (reason === 'certificate_url_refused')
    return {
      code: 'certificate-url-refused',
      what: `the certificate that it names is not at a host of ${name}, and is fetched from nowhere else`,
      fix: `it was not ${name}; or something on the way changes the header: compare it with the section of ${name} in docs/providers.md.`,
    };
  return null;
}

function unproven(suspect: Suspect): Diagnosis {
  const { provider, reason } = suspect;
  const names = provider.proofHeaders.join(', ');
  switch (reason) {
    case 'missing_signature':
      return missingProof(suspect);
    case 'duplicate_signature':
      return {
        code: 'proof-repeated',
        what: `a header of ${names} came more than once, and none of them alone is right`,
        fix: 'find out what adds it on the way.',
      };
    case 'malformed_signature':
      return {
        code: 'proof-malformed',
        what: `the value of a header of ${names} has not the form that ${provider.name} sends`,
        fix: `compare the sender with the section of ${provider.name} in docs/providers.md.`,
      };
    case 'body_hash_missing':
      return {
        code: 'body-hash-missing',
        what: 'the signature covers the URL alone: it is no form, and the URL has no hash of the body',
        fix: 'have the provider send a form, or a URL with bodySHA256.',
      };
    default:
      return {
        code: 'unexplained',
        what: `no variant that was tried is valid: another secret, or ${changedBody(suspect)}`,
        fix: 'compare the secret with the one that the provider shows; then the SHA-256 and the length of the body with those of what it has sent.',
      };
  }
}

function changedBody({ request }: Suspect): string {
  return request.body.byteLength > MAX_REWRITTEN_BYTES
    ? `a body that was changed (one over ${MAX_REWRITTEN_BYTES / 1_024} KiB is not tried in other forms)`
    : 'a body that was changed beyond what can be undone';
}

function missingProof({ provider, providers, request }: Suspect): Diagnosis {
  const has = (name: string) => headerValues(request.headers, name.toLowerCase()).length > 0;
  const missing = provider.proofHeaders.filter(name => !has(name)).join(', ');
  for (const other of providers) {
    if (other.name === provider.name || !other.proofHeaders.every(has)) continue;
    return {
      code: 'proof-of-other-provider',
      what: `it has the proof of ${other.name} (${other.proofHeaders.join(', ')}), and the source is one of ${provider.name}`,
      fix: `give ${other.name} the URL of a source of its own.`,
    };
  }
  return {
    code: 'proof-missing',
    what: `${missing} did not come`,
    fix: `it was not ${provider.name}; or the secret is not set there, or something on the way takes the header out.`,
  };
}
