import type { Provider, ReceivedRequest, Secrets } from '../provider.ts';

/**
 * Why a request was refused, as far as trying tells. API: a code is never used for anything else. docs/signature-doctor.md has each of
 * them; a test compares.
 */
export const DIAGNOSIS_CODES = [
  // A variant of the request would have been proven:
  'url-differs',
  'path-differs',
  'query-differs',
  'secret-differs',
  'secret-of-other-source',
  'secret-of-test-tool',
  'body-rewritten',
  'header-renamed',
  'header-repeated',
  'header-rewritten',
  'content-type-changed',
  'time-out-of-tolerance',
  'valid-now',
  // The request says so itself:
  'proof-missing',
  'proof-of-other-provider',
  'proof-repeated',
  'proof-malformed',
  'body-hash-missing',
  'certificate-unknown',
  'certificate-url-refused',
  'no-secret',
  'body-empty',
  'body-malformed',
  // Nothing that was tried would have been proven:
  'unexplained',
  'not-tried',
] as const;
export type DiagnosisCode = (typeof DIAGNOSIS_CODES)[number];

/** In words, with nothing of a secret, a signature, a body or a query in them. */
export interface Diagnosis {
  readonly code: DiagnosisCode;
  readonly what: string;
  /** What to do. */
  readonly fix: string;
}

/** Where the cause is known: a variant would have been proven, or the request shows it itself. */
export function isExplained(code: string): boolean {
  return code !== 'unexplained' && code !== 'not-tried';
}

/** A request that was refused, and what is needed to try variants of it. */
export interface Suspect {
  readonly request: ReceivedRequest;
  readonly provider: Provider;
  readonly source: SuspectSource;
  /** Live ones. */
  readonly secrets: Secrets;
  /** Other sources of the same provider with their live secrets. */
  readonly others: readonly { readonly source: string; readonly secrets: Secrets }[];
  /** All providers, to tell whose proof headers the request has. */
  readonly providers: Iterable<Pick<Provider, 'name' | 'proofHeaders'>>;
  /** Epoch milliseconds: when it was refused. */
  readonly now: number;
  /** Why, by the verdict; or `empty_body`, `malformed`. */
  readonly reason: string;
  /** Of a malformed body, in the provider's words. */
  readonly detail: string | null;
}

export interface SuspectSource {
  readonly name: string;
  readonly path: string;
  readonly aliases: readonly string[];
  /** The one that is in force for it. */
  readonly publicUrl: string | null;
  /** How far a signed time may be from `now`; null: that of the provider. */
  readonly toleranceMs: number | null;
}

export const VARIANT_KINDS = ['header', 'url', 'secret', 'body', 'time'] as const;
export type VariantKind = (typeof VARIANT_KINDS)[number];

/** Something that may have been otherwise when the request was signed. */
export interface Variant {
  readonly kind: VariantKind;
  /** In place of that of the suspect. */
  readonly request?: ReceivedRequest;
  readonly secrets?: Secrets;
  /** `secretIndex`: the place of the secret that proves it. */
  readonly diagnose: (secretIndex: number) => Diagnosis;
}

/** How something on the way may have written a header's value, or a body. */
export interface Rewriting<Value> {
  /** How it is when that is undone. */
  readonly words: string;
  /** null: what came has no such form. */
  readonly of: (value: Value) => Value | null;
}

/** As it may be shown: no value of a query. */
export function shownUrl(url: string): string {
  const queryStart = url.indexOf('?');
  return queryStart === -1 ? url : `${url.slice(0, queryStart)}?…`;
}
