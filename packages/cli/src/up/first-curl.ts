import { AppError } from '@ackline/shared/app-error';
import type { SourceConfig } from '@ackline/shared/config/types';
import { prepareSamples, type SampleSource } from '@ackline/runtime/samples/prepare-samples';
import { curlCommand } from './curl-command.ts';
import type { Prepared } from './prepare.ts';

/** Its sample is short, and its proof is one header that a reader understands. */
const FIRST_PROVIDER = 'telegram';

/**
 * A `curl` that the ingress accepts; null where every source would put a secret of the operator on the screen, or has only a key
 * that nothing can be signed with.
 */
export function firstCurl(prepared: Prepared, baseUrl: string, now: number): string | null {
  const { sources } = prepared.acklineConfig;
  const ordered = [
    ...sources.filter(source => source.provider === FIRST_PROVIDER),
    ...sources.filter(source => source.provider !== FIRST_PROVIDER),
  ];
  for (const source of ordered) {
    const curl = curlFor(source, prepared, { baseUrl, now });
    if (curl !== null) return curl;
  }
  return null;
}

function curlFor(
  source: SourceConfig,
  prepared: Prepared,
  { baseUrl, now }: { baseUrl: string; now: number },
): string | null {
  const { environment, generated } = prepared;
  const samples = samplesOf(source, prepared, baseUrl);
  if (samples === null) return null;
  const request = { url: samples.url, sample: samples.sample(0, now) };
  const isShown = request.sample.headers.some(([, value]) => value.includes(samples.secret));
  const variables = source.secrets.flatMap(ref => ('env' in ref ? [ref.env] : []));
  const variable = variables.find(name => environment[name] === samples.secret);
  if (!isShown || (variable !== undefined && generated.has(variable))) {
    return curlCommand({ ...request, hidden: null });
  }
  return variable === undefined
    ? null
    : curlCommand({ ...request, hidden: { secret: samples.secret, variable } });
}

/** null: only the provider can sign for it. */
function samplesOf(
  source: SourceConfig,
  { acklineConfig: config, environment }: Prepared,
  baseUrl: string,
): SampleSource | null {
  try {
    return prepareSamples(source, { config, mode: 'development', environment, baseUrl });
  } catch (error) {
    if (error instanceof AppError && error.code === 'ACKLINE_SIGNING_KEY_MISSING') return null;
    throw error;
  }
}
