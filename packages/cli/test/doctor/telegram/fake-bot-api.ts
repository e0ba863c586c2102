import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What it knows of the bot's webhook, in the names of the Bot API. */
export interface FakeWebhook {
  url: string;
  pending_update_count: number;
  has_custom_certificate: boolean;
  max_connections?: number;
  last_error_date?: number;
  last_error_message?: string;
  allowed_updates?: string[];
}

export interface FakeBotApi extends AsyncDisposable {
  readonly url: string;
  webhook: FakeWebhook;
  /** Bodies of setWebhook. */
  readonly set: Record<string, unknown>[];
  /** Paths that were asked. */
  readonly asked: string[];
  /** Answers this instead, whatever is asked. */
  instead: { readonly status: number; readonly body: string } | null;
}

export const BOT_TOKEN = '700000001:AAF-fake_token_of_a_test_bot_000000';

/** A Bot API server with one bot, on 127.0.0.1: `getWebhookInfo` and `setWebhook` as Telegram answers them. */
export async function startFakeBotApi(): Promise<FakeBotApi> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      api.asked.push(request.url ?? '');
      const body = Buffer.concat(chunks).toString('utf8');
      const { status, text } = answer(request.url ?? '', body === '' ? {} : JSON.parse(body));
      response.writeHead(status, { 'content-type': 'application/json' }).end(text);
    });
  });
  function answer(path: string, body: Record<string, unknown>): { status: number; text: string } {
    if (api.instead !== null) return { status: api.instead.status, text: api.instead.body };
    const method = new RegExp(`^/bot${BOT_TOKEN}/(\\w+)$`).exec(path)?.[1];
    if (method === undefined) return refused(401, 'Unauthorized');
    if (method === 'getWebhookInfo') return ok(api.webhook);
    if (method !== 'setWebhook') return refused(404, 'Not Found: method not found');
    if (!String(body['url']).startsWith('https://')) {
      return refused(400, 'Bad Request: bad webhook: An HTTPS URL must be provided for webhook');
    }
    api.set.push(body);
    api.webhook = {
      ...api.webhook,
      url: String(body['url']),
      max_connections: Number(body['max_connections'] ?? 40),
      ...(body['allowed_updates'] === undefined
        ? {}
        : { allowed_updates: body['allowed_updates'] as string[] }),
    };
    return ok(true);
  }
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const api: FakeBotApi = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    webhook: { url: '', pending_update_count: 0, has_custom_certificate: false },
    set: [],
    asked: [],
    instead: null,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  return api;
}

function ok(result: unknown) {
  return { status: 200, text: JSON.stringify({ ok: true, result }) };
}

function refused(code: number, description: string) {
  return { status: code, text: JSON.stringify({ ok: false, error_code: code, description }) };
}
