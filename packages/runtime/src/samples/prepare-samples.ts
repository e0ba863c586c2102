import { AppError } from '@ackline/shared/app-error';
import type { AcklineConfig, SourceConfig } from '@ackline/shared/config/types';
import type { Provider, SampleRequest, Verdict } from '@ackline/shared/provider';
import { providerOf } from '@ackline/shared/providers/registry';
import type { SecretPlaces } from './first-secret.ts';
import { givenSigner, readSigner } from './signer.ts';

/** A source with all that a correctly signed sample for it needs. */
export interface SampleSource {
  readonly provider: Provider;
  /** Where samples are sent to. */
  readonly url: string;
  readonly secret: string;
  /** `signedAt`: epoch milliseconds. */
  sample(sequence: number, signedAt: number): SampleRequest;
  /** What an ingress says of it that has the secret. `toleranceMs`: instead of the source's own. */
  verify(sample: SampleRequest, now: number, toleranceMs?: number): Verdict;
}

/** What signing needs to know of the sources and their secrets. */
export interface SampleSettings extends SecretPlaces {
  readonly config: AcklineConfig;
}

export interface SampleTarget extends SampleSettings {
  /** Of the running ingress. */
  readonly baseUrl: string;
  /** Default: the source's own; one of its aliases, or what a proxy has instead. */
  readonly path?: string;
  /** Instead of the source's first. */
  readonly secret?: string;
  /** Instead of examples of what the provider sends. */
  readonly body?: Uint8Array;
}

/**
 * Throws ACKLINE_SECRET_MISSING where the source has no secret here, ACKLINE_SIGNING_KEY_MISSING where it has public keys alone, and
 * ACKLINE_USAGE for one instead that none can be.
 */
export function prepareSamples(source: SourceConfig, target: SampleTarget): SampleSource {
  const provider = providerOf(source);
  if (provider === undefined)
    throw new AppError('ACKLINE_USAGE', `There is no provider ${source.provider}, or none with its options`);
  const { secret, signingKey } =
    target.secret === undefined ? readSigner(source, provider, target) : givenSigner(provider, target.secret);
  const url = `${target.baseUrl}${target.path ?? source.path}`;
  const called = new URL(url);
  // As the ingress sees it: without a declared URL the Host header stands in.
  const base = source.publicUrl ?? target.config.publicUrl ?? `http://${called.host}`;
  const signed = { url: `${base}${called.pathname}`, ...(target.body && { body: target.body }) };
  return {
    provider,
    url,
    secret,
    sample: (sequence, signedAt) =>
      provider.sample({ ...signed, secret: signingKey, sequence, now: signedAt }),
    verify({ headers, body, query = '' }, now, toleranceMs = source.toleranceMs ?? undefined) {
      const request = { method: 'POST', url: signed.url + query, headers, body };
      return provider.verify(request, [secret], now, toleranceMs);
    },
  };
}
