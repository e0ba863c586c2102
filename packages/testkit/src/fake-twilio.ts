import { type ReceivedRequest, type ScriptedAnswer, startFakeReceiver } from './fake-receiver.ts';

export interface TwilioMessage {
  /** Given by the server. */
  readonly sid: string;
  /** `From`, `To`, `Body`, … as they were sent. */
  readonly fields: Readonly<Record<string, string>>;
}

export interface FakeMedia {
  readonly bytes: Buffer;
  readonly contentType: string;
  /** Whether the server says beforehand how long it is. Default: true. */
  readonly saysLength?: boolean;
}

/** Messages and media of Twilio's API on 127.0.0.1: media behind a password and a redirect, as Twilio has them. */
export interface FakeTwilio extends AsyncDisposable {
  /** For `settings.twilio.apiUrl`. */
  readonly url: string;
  readonly accountSid: string;
  readonly authToken: string;
  readonly sent: readonly TwilioMessage[];
  /** Of any kind, with those that were refused. */
  readonly requests: readonly ReceivedRequest[];
  /** The next messages are refused with 429. */
  limit(times: number, retryAfterSeconds?: number): void;
  /** The next requests, of any kind, get this answer. */
  script(...answers: readonly ScriptedAnswer[]): void;
  /** Its URL, as `MediaUrl0` of an incoming message has it. */
  addMedia(media: FakeMedia): string;
  close(): Promise<void>;
}

const FAKE_ACCOUNT_SID = `AC${'0'.repeat(31)}1`;
const FAKE_AUTH_TOKEN = 'f'.repeat(32);

export interface FakeTwilioOptions {
  readonly port?: number;
  /** From a message, which is sent at once, to its answer. Default: 0. */
  readonly answerMs?: number;
  /** Told of each message before it is answered, as a status may come before that. */
  readonly onSent?: (message: TwilioMessage) => void;
}

export async function startFakeTwilio(options: FakeTwilioOptions = {}): Promise<FakeTwilio> {
  const receiver = await startFakeReceiver(options);
  const account = `/2010-04-01/Accounts/${FAKE_ACCOUNT_SID}`;
  const authorization = `Basic ${Buffer.from(`${FAKE_ACCOUNT_SID}:${FAKE_AUTH_TOKEN}`).toString('base64')}`;
  const sent: TwilioMessage[] = [];
  const media: FakeMedia[] = [];
  const refusals: (number | null)[] = [];
  const scripted: ScriptedAnswer[] = [];

  function serve(request: ReceivedRequest): ScriptedAnswer {
    const next = scripted.shift();
    if (next !== undefined) return next;
    const given = headerOf(request, 'authorization');
    const file = /^\/cdn\/(\d+)$/.exec(request.url)?.[1];
    // Where the files are, a password beside the signed URL is an error.
    if (file !== undefined)
      return given === null ? mediaAnswer(media[Number(file)]) : problem(400, 'One way to sign only');
    if (given !== authorization) return problem(401, 'Authenticate');
    const item = /\/Media\/ME(\d+)$/.exec(request.url)?.[1];
    if (item !== undefined) return { status: 307, headers: { location: `/cdn/${Number(item)}` } };
    if (request.method === 'POST' && request.url === `${account}/Messages.json`) return sendMessage(request);
    return problem(404, 'The requested resource was not found');
  }

  function sendMessage({ body }: ReceivedRequest): ScriptedAnswer {
    const refusal = refusals.shift();
    if (refusal !== undefined) {
      const headers = refusal === null ? {} : { 'retry-after': String(refusal) };
      return problem(429, 'Too Many Requests', headers);
    }
    const fields = Object.fromEntries(new URLSearchParams(body.toString()));
    if (!fields['To'] || !(fields['From'] ?? fields['MessagingServiceSid'])) {
      return problem(400, "A 'To' and a 'From' phone number are required");
    }
    const sid = `SM${String(sent.length).padStart(32, '0')}`;
    const message = { sid, fields };
    sent.push(message);
    options.onSent?.(message);
    const { From: from, To: to, Body: text = '' } = fields;
    return { ...json(201, { sid, status: 'queued', from, to, body: text }), delayMs: options.answerMs ?? 0 };
  }

  receiver.always(serve);
  return {
    url: receiver.url,
    accountSid: FAKE_ACCOUNT_SID,
    authToken: FAKE_AUTH_TOKEN,
    sent,
    requests: receiver.requests,
    limit: (times, seconds) => void refusals.push(...Array<number | null>(times).fill(seconds ?? null)),
    script: (...answers) => void scripted.push(...answers),
    addMedia(one) {
      media.push(one);
      const id = String(media.length - 1).padStart(32, '0');
      return `${receiver.url}${account}/Messages/MM${id}/Media/ME${id}`;
    },
    close: () => receiver.close(),
    [Symbol.asyncDispose]: () => receiver.close(),
  };
}

function headerOf({ rawHeaders }: ReceivedRequest, wanted: string): string | null {
  return rawHeaders.find(([name]) => name.toLowerCase() === wanted)?.[1] ?? null;
}

function mediaAnswer(media: FakeMedia | undefined): ScriptedAnswer {
  if (media === undefined) return problem(404, 'The requested resource was not found');
  const { bytes, contentType, saysLength = true } = media;
  const length = saysLength ? { 'content-length': String(bytes.length) } : {};
  return { status: 200, headers: { 'content-type': contentType, ...length }, body: bytes };
}

function json(status: number, body: object, headers: Readonly<Record<string, string>> = {}) {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) };
}

function problem(
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): ScriptedAnswer {
  const code = status === 429 ? 20429 : 20000 + status;
  return json(status, { code, message, status }, headers);
}
