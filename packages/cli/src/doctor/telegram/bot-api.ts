import { z } from 'zod';
import { printable } from '@ackline/shared/printable';
import { networkProblem, requestJson } from '../bounded-json.ts';

const LIMIT_MS = 10_000;
const MAX_DESCRIPTION_CHARS = 200;
/** As @BotFather gives them; anything else would not stay in its place of the URL. */
const TOKEN_FORM = /^\d{1,20}:[A-Za-z0-9_-]{1,100}$/;

/** What `getWebhookInfo` says. */
const webhookSchema = z.object({
  url: z.string(),
  pending_update_count: z.number(),
  /** Unix seconds. */
  last_error_date: z.number().optional(),
  last_error_message: z.string().optional(),
  max_connections: z.number().optional(),
  allowed_updates: z.array(z.string()).optional(),
});

export type WebhookInfo = z.output<typeof webhookSchema>;

const answerSchema = z.union([
  z.object({ ok: z.literal(true), result: z.unknown() }),
  z.object({ ok: z.literal(false), error_code: z.number(), description: z.string().optional() }),
]);

/** `refused`: Telegram has answered, and says no; `away`: nothing that is known has answered. */
export type ApiAnswer<T> =
  | { readonly kind: 'ok'; readonly result: T }
  | { readonly kind: 'refused'; readonly code: number; readonly description: string }
  | { readonly kind: 'away'; readonly problem: string };

export interface WebhookSettings {
  readonly url: string;
  readonly secretToken: string;
  readonly maxConnections: number;
  /** null: as it is. */
  readonly allowedUpdates: readonly string[] | null;
}

/** Never rejects, and no answer holds the token. */
export interface BotApi {
  webhookInfo(): Promise<ApiAnswer<WebhookInfo>>;
  setWebhook(settings: WebhookSettings): Promise<ApiAnswer<null>>;
}

export function createBotApi(token: string, baseUrl: string): BotApi {
  async function call(
    method: string,
    parameters: Readonly<Record<string, unknown>>,
  ): Promise<ApiAnswer<unknown>> {
    if (!TOKEN_FORM.test(token)) {
      return { kind: 'refused', code: 401, description: 'it has not the form of a token' };
    }
    try {
      const url = `${baseUrl}/bot${token}/${method}`;
      const { status, body } = await requestJson(url, { limitMs: LIMIT_MS, body: parameters });
      const parsed = answerSchema.safeParse(body);
      if (!parsed.success) return { kind: 'away', problem: `the answer ${status} is none of a Bot API` };
      if (parsed.data.ok) return { kind: 'ok', result: parsed.data.result };
      const description = (parsed.data.description ?? '')
        .replaceAll(token, '…')
        .slice(0, MAX_DESCRIPTION_CHARS);
      return { kind: 'refused', code: parsed.data.error_code, description: printable(description) };
    } catch (error) {
      return { kind: 'away', problem: networkProblem(error) };
    }
  }

  return {
    async webhookInfo() {
      const answer = await call('getWebhookInfo', {});
      if (answer.kind !== 'ok') return answer;
      const parsed = webhookSchema.safeParse(answer.result);
      if (parsed.success) return { kind: 'ok', result: parsed.data };
      return { kind: 'away', problem: 'its answer has another form than getWebhookInfo' };
    },
    async setWebhook({ url, secretToken, maxConnections, allowedUpdates }) {
      const answer = await call('setWebhook', {
        url,
        secret_token: secretToken,
        max_connections: maxConnections,
        ...(allowedUpdates === null ? {} : { allowed_updates: allowedUpdates }),
      });
      return answer.kind === 'ok' ? { kind: 'ok', result: null } : answer;
    },
  };
}
