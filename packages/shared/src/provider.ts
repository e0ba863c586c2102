import type { KeyObject } from 'node:crypto';

import type { ZodType } from 'zod';
import type { EventEnvelope, HeaderPairs, Priority } from './envelope.ts';

/** One webhook as it was received, before anything was parsed. */
export interface ReceivedRequest {
  readonly method: string;
  /** The URL as the provider called it: declared public base URL + the path and query of the request line, unchanged. */
  readonly url: string;
  readonly headers: HeaderPairs;
  readonly body: Uint8Array;
}

/** A live secret; the index is its place in the source's `secrets`. */
export type Secrets = readonly string[];

/** Why a request was not proven: the label of a metric and a log field, never shown with the secret. */
export type RejectReason =
  | 'missing_signature'
  | 'duplicate_signature'
  | 'malformed_signature'
  | 'wrong_signature'
  | 'body_hash_missing'
  | 'body_hash_mismatch'
  | 'timestamp_out_of_tolerance'
  | 'certificate_unknown'
  | 'certificate_url_refused'
  | 'no_secret';

export type Verdict =
  | { readonly verified: true; readonly secretIndex: number }
  | { readonly verified: false; readonly reason: RejectReason };

export interface Identity {
  readonly type: string;
  /** null: the provider gives no id that can be trusted; the event's own id is used then. */
  readonly dedupKey: string | null;
  readonly orderingKey: string | null;
  readonly occurredAt: number | null;
  readonly priority: Priority;
}

/** One of several events in one body. */
export interface SplitPart {
  /**
   * All bodies with parts of one ordering key have one ordering key themselves (that of the account): it decides the lane that
   * keeps the order. So the account is in the part's key too, and where a body has none its parts have none.
   */
  readonly identity: Identity;
  /** Its own part of the parent's body. */
  readonly body: Uint8Array;
}

/** What the body turned out to be; `malformed` is answered 400. */
export type Identified =
  | {
      readonly kind: 'event';
      readonly identity: Identity;
      /**
       * Whom a limit by sender counts it for, of a body that is ordered by an account: the ordering key that all of its events
       * have; null: they have several, none, or are very many. Default: the ordering key.
       */
      readonly sender?: string | null;
    }
  | { readonly kind: 'malformed'; readonly detail: string };

export interface Answer {
  readonly status: number;
  /** null: no body and no content type. */
  readonly contentType: string | null;
  readonly body: string;
}

/** How a provider takes it when its webhook answers late, or an error. */
export interface ProviderRules {
  /** How long it waits for an answer; where it does not say so itself, what its users report. */
  readonly waitsMs: number;
  /** Some failures in a row disable its webhook, and a person has to enable it. Not of one that waits for days of them. */
  readonly disables: boolean;
  /** So many failures in a row cost nothing but their events, of one that says how many. */
  readonly bears?: number;
  /** It sends an event again that was not answered 2xx; of one that sends events and calls, its events. */
  readonly sendsAgain: boolean;
}

export interface SampleOptions {
  /** That it is to be sent to; some providers sign it. */
  readonly url: string;
  readonly secret: string;
  /** Each one makes a new event. */
  readonly sequence: number;
  /** The signed time, where one is signed. Epoch milliseconds. */
  readonly now: number;
  /** Sent and signed as it is. Default: an example of what the provider sends. */
  readonly body?: Uint8Array;
}

export interface SampleRequest {
  readonly headers: [name: string, value: string][];
  readonly body: Uint8Array;
  /** The query of the URL that was signed, with its `?`, of a provider that adds to it. Default: as the URL was given. */
  readonly query?: string;
}

/** A provider whose rules a source states by its `options`. */
export interface Configurable {
  /** Form of the options. Its descriptions are their rows in docs/configuration.md. */
  readonly schema: ZodType;
  /** The provider that such options make. Throws what the schema says where they have another form. */
  with(options: unknown): Provider;
}

/** What a request is proven with, and what it was signed with. */
export interface KeyPair {
  /** The public key, as the provider shows it: it goes into the source's `secrets`. */
  readonly secret: string;
  /** What {@link Provider.sample} signs with, as its `secret`. */
  readonly signingKey: string;
}

/** A certificate that a provider shows at a URL, with the public key of what it signs with. */
export interface PublishedCertificate {
  /** Of https, and of one of the provider's own hosts. */
  readonly url: string;
  /** The name that it has to be made out to. */
  readonly subject: string;
}

/** The public keys of such certificates, as far as they are known. */
export interface PublishedKeys {
  /** null: it is not known now. Waits for nothing (A4); what is not known may be fetched meanwhile. */
  keyOf(certificate: PublishedCertificate): KeyObject | null;
}

/**
 * A provider is data and pure functions: no I/O, no clock of its own. `now` is epoch milliseconds.
 * Rules per provider and their origin: docs/providers.md.
 */
export interface Provider {
  readonly name: string;
  /** Media types accepted, lower case, without parameters; others get 415. */
  readonly contentTypes: readonly string[];
  /** Lower-case names of headers whose value is itself the secret: replaced before the append (A3). */
  readonly bearerHeaders: readonly string[];
  /** What stands before the secret in these headers (`Bearer `), where something does. */
  readonly bearerPrefix?: string;
  /** Names of the headers that prove the sender together, as the provider writes them. */
  readonly proofHeaders: readonly [name: string, ...others: string[]];
  /** Only where a secret may be of another kind: those that prove the sender together by such a one. */
  readonly otherProofHeaders?: readonly [name: string, ...others: string[]];
  /** The signature covers the URL that was called: a source needs a declared public URL then. */
  readonly signsUrl: boolean;
  /**
   * What happens to an event over a source's limit, where the source does not say: `defer` where a refused event is lost, or
   * delays others.
   */
  readonly overLimit: 'reject' | 'defer';
  readonly rules: ProviderRules;
  /** How far the signed time may be from `now`, before and after, where the source does not say; null: no time is signed. */
  readonly toleranceMs: number | null;
  /** The largest body that it sends, of one that sends larger ones than 1 MiB: what a source takes that does not say (`maxBody`). */
  readonly maxBodyBytes?: number;
  /** Only of a provider whose rules a source may state; without options it is as it stands here. See `providerOf`. */
  readonly configurable?: Configurable;
  /** What the provider's own tool for mock events signs with, whoever asks it to: no secret, and never taken as one. */
  readonly testSecret?: string;
  /**
   * Only of a provider whose requests name the certificate that they are signed with: the same provider, with these keys. As it
   * stands here it knows none, and such a request is `certificate_unknown`.
   */
  withKeys?(keys: PublishedKeys): Provider;
  /** `toleranceMs`: instead of the provider's own. */
  verify(request: ReceivedRequest, secrets: Secrets, now: number, toleranceMs?: number): Verdict;
  /** Called only for a verified request. */
  identify(request: ReceivedRequest): Identified;
  /**
   * Only for a provider that sends several events in one body: one part each, in order. Called by the processor for an event
   * that was verified and identified as a whole; none leaves it whole. Each is made when it is asked for: all of them may be many
   * times the body, and who asks sees when that is too much.
   */
  split?(event: Pick<EventEnvelope, 'body'>): Iterable<SplitPart>;
  /**
   * The answer to a verified request that is no event and asks to be answered at once; null: it is an event. `secret`: the one
   * that proved it. Asked of every verified request, so one look at its bytes has to be enough for nearly all.
   */
  challenge?(request: ReceivedRequest, secret: string): Answer | null;
  /**
   * Only for a provider that calls a source's path by GET before it sends events there. `tokens`: the live values of the
   * source's `verifyTokens`. null: the caller did not prove that it knows one, and gets a 403.
   */
  handshake?(query: URLSearchParams, tokens: Secrets): Answer | null;
  /**
   * The answer to a request without any proof by which the provider only looks whether somebody is there: nothing of it is
   * kept. null: it is refused as unproven.
   */
  unsigned?(request: ReceivedRequest): Answer | null;
  /** The answer that the provider expects to an accepted event. */
  answer(request: ReceivedRequest): Answer;
  /** A correctly signed request for `ackline send` and the docs. A secret that signs nothing gives an empty proof. */
  sample(options: SampleOptions): SampleRequest;
  /** Only where a secret may be a public key, whose signing key never leaves the provider: a new pair to try out with. */
  makeKeys?(): KeyPair;
  /** Where there are such: the public key of one that signs; null: it signs by no pair. */
  publicKeyOf?(signingKey: string): string | null;
  /** True where the secret has a form that the provider can use; the reason otherwise. */
  checkSecret(secret: string): true | string;
}
