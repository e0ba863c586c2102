import { readSamples, type Samples } from './metric-samples.ts';

/** A service that does not answer its operations port in this time is away, for what is shown each second. */
const ANSWER_LIMIT_MS = 2_000;
/** A service has some hundred series; a larger answer is none of ours. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

export interface ServiceAnswer {
  readonly url: string;
  /** null: it is away, and `problem` says how. */
  readonly samples: Samples | null;
  readonly problem: string | null;
}

/** What the operations port says now. Never rejects. */
export async function readService(url: string): Promise<ServiceAnswer> {
  const away = (problem: string): ServiceAnswer => ({ url, samples: null, problem });
  try {
    const response = await fetch(`${url}/metrics.json`, { signal: AbortSignal.timeout(ANSWER_LIMIT_MS) });
    if (!response.ok) return away(`answers ${response.status}`);
    const samples = readSamples(JSON.parse(await readBounded(response)));
    return samples === null ? away('is no operations port') : { url, samples, problem: null };
  } catch (error) {
    return away(problemOf(error));
  }
}

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw new SyntaxError('The answer is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** In the system's own word where it has one: an error's text may quote what was read. */
function problemOf(error: unknown): string {
  if (error instanceof SyntaxError) return 'is no operations port';
  if (error instanceof Error && error.name === 'TimeoutError')
    return `no answer in ${ANSWER_LIMIT_MS / 1_000} s`;
  const cause: unknown = error instanceof Error ? error.cause : undefined;
  const code: unknown = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return typeof code === 'string' ? code : 'does not answer';
}
