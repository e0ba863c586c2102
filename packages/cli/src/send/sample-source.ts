import { AppError } from '@ackline/shared/app-error';
import type { AcklineConfig, SourceConfig } from '@ackline/shared/config/types';
import type { Provider, SampleRequest, Verdict } from '@ackline/shared/provider';
import { providerOf, providers } from '@ackline/shared/providers/registry';
import type { CliConfig } from '../config.ts';
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
export interface SampleSettings extends Pick<CliConfig, 'environment' | 'mode'> {
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
 * The named source of the provider, or its first; where the first word is no provider, the source of that name. Throws
 * ACKLINE_USAGE, naming what there is.
 */
export function pickSource(config: AcklineConfig, providerName: string, sourceName?: string): SourceConfig {
  if (!providers.has(providerName)) {
    const named = config.sources.find(source => source.name === providerName);
    if (named !== undefined && (sourceName ?? named.name) === named.name) return named;
    const sources = config.sources.map(source => source.name).join(', ') || 'none';
    throw new AppError(
      'ACKLINE_USAGE',
      `There is no provider or source ${JSON.stringify(providerName)}; providers: ${[...providers.keys()].join(', ')}; sources: ${sources}`,
    );
  }
  const candidates = config.sources.filter(source => source.provider === providerName);
  const found = candidates.find(source => sourceName === undefined || source.name === sourceName);
  if (found !== undefined) return found;
  const names = candidates.map(source => source.name).join(', ') || 'none';
  const wanted = sourceName === undefined ? '' : ` named ${JSON.stringify(sourceName)}`;
  throw new AppError(
    'ACKLINE_USAGE',
    `The configuration has no source${wanted} of the provider ${providerName}; it has: ${names}`,
  );
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
