import { valueAt } from '@ackline/shared/providers/body/json-body';
import { giveUp, HandlerError } from '../handler-error.ts';
import type { AnswerHead } from '../http/exchange.ts';
import { OutboundError } from '../http/outbound-error.ts';
import type { OutboundAnswer } from '../http/outbound-http.ts';
import { type ClientCall, isSuccess } from '../http/call-plan.ts';
import { NOT_PUBLIC } from '@ackline/runtime/public-addresses';
import { baseUrl, type ClientDeps, fingerprint, secretOf, textSetting } from './client-deps.ts';

export interface TwilioClient {
  /** Of `from`, that of `settings.twilio.from`, or a messaging service's. `settings.twilio.messagesPerSecond` (80) of a sender are kept. */
  sendMessage(message: TwilioMessage): Promise<SentTwilioMessage>;
  /** A file of an incoming message: `mediaOf(event.payload)` has the URLs. What is too large or of another type is given up. */
  download(url: string, limits: DownloadLimits): Promise<DownloadedFile>;
}

export interface TwilioMessage {
  readonly to: string;
  readonly from?: string;
  readonly messagingServiceSid?: string;
  readonly body?: string;
  readonly mediaUrl?: readonly string[];
  /** Where Twilio tells what became of it. */
  readonly statusCallback?: string;
}

export interface SentTwilioMessage {
  readonly sid: string;
  readonly status: string;
}

export interface DownloadLimits {
  /** Default: 16 MiB, as WhatsApp has it. */
  readonly maxBytes?: number;
  /** `image/jpeg`, or `image/*`. */
  readonly types: readonly string[];
}

export interface DownloadedFile {
  /** As the server says, lower case and without parameters. */
  readonly contentType: string;
  readonly body: Uint8Array;
}

const API = 'https://api.twilio.com';
const MESSAGES_PER_SECOND = 80;
const MAX_FILE_BYTES = 16 * 1_048_576;
const ACCOUNT = /^AC[0-9a-fA-F]{32}$/;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** From the API to where the file is, and once more. */
const MAX_REDIRECTS = 2;

export function createTwilioClient(deps: ClientDeps): TwilioClient {
  const account = secretOf(deps, 'twilioAccountSid', 'twilio');
  const token = secretOf(deps, 'twilioAuthToken', 'twilio');
  if (!ACCOUNT.test(account)) {
    throw new HandlerError('secrets.twilioAccountSid is no account SID (AC and 32 hexadecimal digits)', {
      kind: 'failed',
      code: 'SECRET_MALFORMED',
    });
  }
  const api = baseUrl(textSetting(deps, ['twilio', 'apiUrl']), API);
  const authorization = `Basic ${Buffer.from(`${account}:${token}`).toString('base64')}`;
  return {
    async sendMessage(message) {
      const sender = message.messagingServiceSid ?? message.from ?? textSetting(deps, ['twilio', 'from']);
      if (sender === null)
        throw giveUp('a message to Twilio has no sender: give from, or settings.twilio.from');
      const key = `twilio:${fingerprint(account)}:${sender.slice(0, 64)}`;
      const limit = { key, points: perSecond(deps), perMs: 1_000 };
      const answer = await deps.request(`${api}/2010-04-01/Accounts/${account}/Messages.json`, {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/x-www-form-urlencoded' },
        body: formOf(message, sender),
        before: signal => deps.take(limit, signal),
      });
      return sentOf(answer.json());
    },
    download: (url, limits) => download(url, limits, { deps, api, authorization }),
  };
}

function perSecond({ settings }: ClientDeps): number {
  const given = valueAt(settings, 'twilio', 'messagesPerSecond');
  return typeof given === 'number' && given >= 1 ? Math.floor(given) : MESSAGES_PER_SECOND;
}

function formOf(message: TwilioMessage, sender: string): string {
  const form = new URLSearchParams({ To: message.to });
  form.set(message.messagingServiceSid === undefined ? 'From' : 'MessagingServiceSid', sender);
  if (message.messagingServiceSid !== undefined && message.from !== undefined) form.set('From', message.from);
  if (message.body !== undefined) form.set('Body', message.body);
  for (const url of message.mediaUrl ?? []) form.append('MediaUrl', url);
  if (message.statusCallback !== undefined) form.set('StatusCallback', message.statusCallback);
  return form.toString();
}

function sentOf(said: unknown): SentTwilioMessage {
  const sid = valueAt(said, 'sid');
  const status = valueAt(said, 'status');
  return { sid: typeof sid === 'string' ? sid : '', status: typeof status === 'string' ? status : '' };
}

interface Account {
  readonly deps: ClientDeps;
  readonly api: string;
  readonly authorization: string;
}

/**
 * The API answers with a redirect to where the file is, for a few hours, with all that it takes in the URL: the account's password goes
 * to the API alone.
 */
async function download(given: string, limits: DownloadLimits, account: Account): Promise<DownloadedFile> {
  const { api, authorization, deps } = account;
  let url = URL.parse(given);
  if (url === null || url.origin !== new URL(api).origin) throw giveUp('the file is not at Twilio');
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const headers = redirects === 0 ? { authorization } : {};
    const onlyPublic = url.origin !== new URL(api).origin;
    const answer = await fetchFile(url, { headers, onlyPublic }, { ...limits, deps });
    if (isSuccess(answer.status)) return { contentType: typeOf(answer.headers), body: answer.body };
    const next = URL.parse(answer.headers['location'] ?? '', url.href);
    if (next === null || !mayHaveFiles(next, new URL(api).origin)) break;
    url = next;
  }
  throw giveUp('Twilio sends the download to where no file is');
}

/** No address, and no name that is known inside a network alone. */
const PUBLIC_NAME = /^(?:[a-z0-9-]+\.)+(?!(?:corp|home|internal|lan|local|localhost|svc)$)[a-z]{2,}$/;

/** The API itself, as that of a test, or a public name, whose address is looked at too: a download must not reach what is inside. */
function mayHaveFiles({ origin, protocol, hostname }: URL, apiOrigin: string): boolean {
  return origin === apiOrigin || (protocol === 'https:' && PUBLIC_NAME.test(hostname));
}

async function fetchFile(
  url: URL,
  how: Pick<ClientCall, 'headers' | 'onlyPublic'>,
  { types, maxBytes = MAX_FILE_BYTES, deps }: DownloadLimits & Pick<Account, 'deps'>,
): Promise<OutboundAnswer> {
  try {
    return await deps.request(url.href, {
      ...how,
      maxAnswerBytes: maxBytes,
      accepts: status => isSuccess(status) || REDIRECTS.has(status),
      refuse: head => refusal(head, types),
    });
  } catch (error) {
    if (error instanceof OutboundError && REFUSALS.has(error.code ?? '')) throw giveUp(error.message);
    throw error;
  }
}

/** The same at each try. */
const REFUSALS: ReadonlySet<string> = new Set(['TOO_LARGE', 'REFUSED', NOT_PUBLIC]);

function typeOf(headers: AnswerHead['headers']): string {
  return (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

function refusal({ status, headers }: AnswerHead, types: readonly string[]): string | null {
  if (!isSuccess(status)) return null;
  const type = typeOf(headers);
  const fits = types.some(one => one === type || (one.endsWith('/*') && type.startsWith(one.slice(0, -1))));
  return fits
    ? null
    : `has a file of a type that is not taken (${/^[\w.+/-]{1,80}$/.test(type) ? type : 'none'})`;
}
