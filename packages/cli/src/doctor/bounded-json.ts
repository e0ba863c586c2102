/** Longer than any of the answers that are asked for. */
const MAX_ANSWER_BYTES = 1_048_576;

export interface JsonAnswer {
  readonly status: number;
  /** undefined: the body is no JSON, or too long. */
  readonly body: unknown;
}

/** Rejects where nothing answers in time; redirects are not followed. */
export async function requestJson(
  url: string,
  { limitMs, body }: { readonly limitMs: number; readonly body?: Readonly<Record<string, unknown>> },
): Promise<JsonAnswer> {
  const response = await fetch(url, {
    redirect: 'manual',
    signal: AbortSignal.timeout(limitMs),
    ...(body === undefined
      ? {}
      : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  return { status: response.status, body: parsed(await readBounded(response)) };
}

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) return '';
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** In the system's own word where it has one: an error's text may quote the URL, and that a token. */
export function networkProblem(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError') return 'no answer in time';
  const cause: unknown = error instanceof Error ? error.cause : undefined;
  const inner: unknown = cause instanceof AggregateError ? cause.errors[0] : cause;
  const code: unknown = inner instanceof Error && 'code' in inner ? inner.code : undefined;
  return typeof code === 'string' ? code : 'it does not answer';
}
