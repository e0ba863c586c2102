import { type ReceivedRequest, type ScriptedAnswer, startFakeReceiver } from './fake-receiver.ts';

export interface RespondioMessage {
  /** `id:123`. */
  readonly contact: string;
  readonly channelId?: string | number;
  readonly message: Readonly<Record<string, unknown>>;
}

/** respond.io's API for messages on 127.0.0.1. */
export interface FakeRespondio extends AsyncDisposable {
  /** For `settings.respondio.apiUrl`. */
  readonly url: string;
  readonly token: string;
  readonly sent: readonly RespondioMessage[];
  /** The next messages are refused with 429 and this `Retry-After`. */
  limit(times: number, retryAfterSeconds: number): void;
  close(): Promise<void>;
}

const TOKEN = 'fake-token-of-a-workspace';

export async function startFakeRespondio(options: { readonly port?: number } = {}): Promise<FakeRespondio> {
  const receiver = await startFakeReceiver(options);
  const sent: RespondioMessage[] = [];
  const refusals: number[] = [];

  function serve({ method, url, rawHeaders, body }: ReceivedRequest): ScriptedAnswer {
    const given = rawHeaders.find(([name]) => name.toLowerCase() === 'authorization')?.[1];
    if (given !== `Bearer ${TOKEN}`) return json(401, { code: 401, message: 'Invalid authentication token' });
    const contact = /^\/v2\/contact\/([^/]+)\/message$/.exec(url)?.[1];
    if (method !== 'POST' || contact === undefined) return json(404, { code: 404, message: 'Not found' });
    const refusal = refusals.shift();
    if (refusal !== undefined) {
      return json(429, { code: 429, message: 'Too many requests' }, { 'retry-after': String(refusal) });
    }
    const { channelId, message } = JSON.parse(body.toString()) as Omit<RespondioMessage, 'contact'>;
    if (typeof message?.['type'] !== 'string')
      return json(400, { code: 400, message: 'message.type is missing' });
    sent.push({
      contact: decodeURIComponent(contact),
      message,
      ...(channelId === undefined ? {} : { channelId }),
    });
    return json(200, { contactId: 1, messageId: sent.length });
  }

  receiver.always(serve);
  return {
    url: `${receiver.url}/v2`,
    token: TOKEN,
    sent,
    limit: (times, seconds) => void refusals.push(...Array<number>(times).fill(seconds)),
    close: () => receiver.close(),
    [Symbol.asyncDispose]: () => receiver.close(),
  };
}

function json(status: number, body: object, headers: Readonly<Record<string, string>> = {}): ScriptedAnswer {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) };
}
