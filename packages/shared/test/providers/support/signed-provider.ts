import assert from 'node:assert/strict';

import type fc from 'fast-check';

import type { Provider, ReceivedRequest, RejectReason, Verdict } from '../../../src/provider.ts';
import type { OddBody } from './odd-bodies.ts';

export interface SignOptions {
  /** Of a key pair the signing key. */
  readonly secret: string;
  /** The signed time, epoch milliseconds. */
  readonly at: number;
}

/** An official SDK: the oracle of what is signed. It signs texts only. */
export interface Sdk {
  readonly name: string;
  /** null: it only verifies, and what Node's crypto signed is held against it. */
  readonly sign: ((body: string, options: SignOptions) => ReceivedRequest | Promise<ReceivedRequest>) | null;
  /** The body that a text is put into, where it takes no other than of a certain form. */
  readonly bodyOf?: (text: string) => string;
  /** How many texts it is asked for, where it is slow. */
  readonly runs?: number;
  /** Whether it takes the request, by the clock of this machine. */
  readonly verifies: (request: ReceivedRequest, secret: string) => boolean | Promise<boolean>;
}

/** A provider whose requests carry a proof. */
export interface SignedProvider {
  readonly provider: Provider;
  readonly secret: string;
  readonly otherSecret: string;
  /** Where both secrets are public keys: what each is signed with. */
  readonly signingKeys?: ReadonlyMap<string, string>;
  /** Lower case; each of them proves, and a change in any of them is refused. The first one holds the signature. */
  readonly proofHeaders: readonly [signature: string, ...others: string[]];
  /** What the provider sends, by name; the first one is the example that is tampered with. */
  readonly bodies: ReadonlyMap<string, string>;
  /** What a request is whose body is another one; default: `wrong_signature`. */
  readonly altered?: RejectReason | 'verified';
  /** Default: those of a provider that sends JSON objects. */
  readonly oddBodies?: readonly OddBody[];
  /** It signs what a form says, and not its bytes. */
  readonly signsDecoded?: true;
  /** Bodies that it can sign; default: any bytes. */
  readonly content?: fc.Arbitrary<Uint8Array>;
  /** As the provider does it, by Node's crypto alone: any bytes. */
  readonly sign: (body: Uint8Array, options: SignOptions) => ReceivedRequest;
  /** null: there is none for this provider. */
  readonly sdk: Sdk | null;
  /** Default: that of the provider. */
  readonly name?: string;
  /** A list is an event too; else it is malformed. */
  readonly takesLists?: true;
  /** Of a provider whose other kind of proof signs one. */
  readonly signsNoTime?: true;
}

export const FUZZ_RUNS = 300;

/** What the tests of a signed provider are given. */
export interface Suite extends SignedProvider {
  readonly altered: RejectReason | 'verified';
  readonly oddBodies: readonly OddBody[];
  readonly content: fc.Arbitrary<Uint8Array>;
  /** That of the first secret. */
  readonly signingKey: string;
  readonly example: ReceivedRequest;
  readonly verdict: (request: ReceivedRequest, secrets?: readonly string[], now?: number) => Verdict;
  /** Asserts that it is, for one of these reasons. */
  readonly refused: (
    request: ReceivedRequest,
    reasons: readonly string[],
    secrets?: readonly string[],
  ) => void;
}

export function exampleOf({ bodies }: Pick<SignedProvider, 'bodies'>): string {
  const [example] = bodies.values();
  assert.ok(example !== undefined);
  return example;
}

/** null: it is a form. */
export function jsonOf({ body }: ReceivedRequest): { readonly value: object } | null {
  const text = Buffer.from(body).toString();
  return /^[[{]/.test(text) ? { value: JSON.parse(text) as object } : null;
}

export function headerOf(request: Pick<ReceivedRequest, 'headers'>, lowerName: string): string {
  const found = request.headers.find(([name]) => name.toLowerCase() === lowerName);
  assert.ok(found, lowerName);
  return found[1];
}

/** With this bit of a byte changed; its lowest one by default. */
export function flipped(body: Uint8Array, index: number, bits = 1): Buffer {
  const copy = Buffer.from(body);
  copy[index] = (copy[index] ?? 0) ^ bits;
  return copy;
}
