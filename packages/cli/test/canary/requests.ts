import { createHmac } from 'node:crypto';
import { connect } from 'node:net';
import { signedParameters, signTwilio } from '@ackline/shared/providers/twilio/signature';
import { CANARY } from './canary.ts';

export const PUBLIC_URL = 'https://hooks.example.com';

/** One request to the public port. */
export interface CanaryRequest {
  readonly method?: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Answered {
  readonly status: number;
  /** Head and body. */
  readonly text: string;
}

/** What is not from a trusted proxy is a header like any other. */
const TRACE_OF_STRANGER = {
  traceparent: `00-${'5'.repeat(32)}-${'7'.repeat(16)}-01`,
  tracestate: `canary=${CANARY.header}`,
  baggage: `phone=${encodeURIComponent(CANARY.phone)}`,
};

export async function post(
  port: number,
  { method = 'POST', path, headers, body }: CanaryRequest,
): Promise<Answered> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    headers: { 'x-tracked': CANARY.header, ...TRACE_OF_STRANGER, connection: 'close', ...headers },
    ...(method === 'GET' ? {} : { body }),
    signal: AbortSignal.timeout(20_000),
  });
  const head = [...response.headers].map(([name, value]) => `${name}: ${value}`).join('\n');
  return { status: response.status, text: `${head}\n\n${await response.text()}` };
}

/** What the socket answers to bytes that are no request. */
export function postRaw(port: number, text: string): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    let answer = '';
    socket.on('data', chunk => (answer += chunk.toString('utf8')));
    socket.on('error', reject);
    socket.on('close', () => resolve({ status: Number(answer.split(' ')[1] ?? 0), text: answer }));
  });
}

const JSON_TYPE = { 'content-type': 'application/json' };

export function telegram(
  update: number,
  { path = '/webhook/telegram', token = String(CANARY.secret) } = {},
): CanaryRequest {
  return {
    path: `${path}?token=${CANARY.secret}`,
    headers: { ...JSON_TYPE, 'x-telegram-bot-api-secret-token': token },
    body: JSON.stringify({
      update_id: update,
      message: {
        message_id: CANARY.id,
        chat: { id: CANARY.chat, first_name: CANARY.text },
        contact: { phone_number: CANARY.phone },
        text: CANARY.text,
      },
    }),
  };
}

export function twilio(sid: string, secret: string = CANARY.secret): CanaryRequest {
  const path = '/webhook/whatsapp';
  const parameters: Readonly<Record<string, string>> = {
    MessageSid: sid,
    AccountSid: `AC${'0'.repeat(32)}`,
    From: `whatsapp:${CANARY.phone}`,
    To: 'whatsapp:+14155238886',
    Body: CANARY.text,
  };
  const signed = new Map(Object.entries(parameters).map(([name, value]) => [name, [value]]));
  return {
    path,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'x-twilio-signature': signTwilio(secret, `${PUBLIC_URL}${path}`, signedParameters(signed)),
    },
    body: new URLSearchParams(parameters).toString(),
  };
}

export function respondio(message: string, secret: string = CANARY.secret): CanaryRequest {
  const body = JSON.stringify({
    contact: { id: CANARY.chat, phone: CANARY.phone },
    message: { messageId: message, text: CANARY.text },
    channel: { id: CANARY.id },
  });
  const signature = createHmac('sha256', secret).update(body).digest('base64');
  return { path: '/webhook/contacts', headers: { ...JSON_TYPE, 'x-webhook-signature': signature }, body };
}

/** What is refused, by the status that it gets. */
export function refusedRequests(): readonly (readonly [status: number, request: CanaryRequest])[] {
  const one = telegram(1);
  const withHeaders = (headers: Readonly<Record<string, string>>) => ({
    ...one,
    headers: { ...one.headers, ...headers },
  });
  return [
    [401, telegram(2, { token: `${CANARY.secret}x` })],
    [401, twilio('SM00000000000000000000000000000001', `${CANARY.secret}x`)],
    [401, respondio('refused', `${CANARY.secret}x`)],
    [400, { ...one, body: `{"update_id": 3, "text": "${CANARY.phone}", ${CANARY.secret}` }],
    [400, { ...one, body: `["${CANARY.phone}"]` }],
    [404, { ...one, path: `/webhook/telegram/${CANARY.secret}` }],
    [404, { ...one, path: `/${CANARY.secret}/${encodeURIComponent(CANARY.phone)}?t=${CANARY.secret}` }],
    [405, { ...one, method: 'PUT' }],
    [413, { ...one, body: CANARY.phone.repeat(100_000) }],
    [415, withHeaders({ 'content-type': `text/${CANARY.header}` })],
    [415, withHeaders({ 'content-encoding': CANARY.header })],
  ];
}
