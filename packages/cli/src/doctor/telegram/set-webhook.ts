import { AppError } from '@ackline/shared/app-error';
import type { AcklineConfig, SourceConfig } from '@ackline/shared/config/types';
import { describeRef } from '@ackline/shared/config/secret-ref';
import { readFirstSecret } from '@ackline/runtime/samples/first-secret';
import { plural } from '../../output/units.ts';
import type { Examination } from '../examination.ts';
import type { ApiAnswer, BotApi, WebhookInfo, WebhookSettings } from './bot-api.ts';
import { calledUrls, capacityFor, isSameUrl, MAX_CONNECTIONS, shownUrl, wantedUpdates } from './webhook.ts';

/** What the source needs. Throws ACKLINE_USAGE without a publicUrl, ACKLINE_SECRET_MISSING without a secret. */
export function webhookSettings(
  examination: Examination,
  {
    source,
    config,
    maxConnections,
  }: {
    readonly source: SourceConfig;
    readonly config: AcklineConfig;
    /** null: as many as the ingress has room for. */
    readonly maxConnections: number | null;
  },
): WebhookSettings {
  const [url] = calledUrls(source, config);
  if (url === undefined) {
    throw new AppError(
      'ACKLINE_USAGE',
      `The source ${source.name} has no publicUrl, which Telegram is to call`,
    );
  }
  const { named, takesAll } = wantedUpdates(source, config);
  return {
    url,
    secretToken: readFirstSecret(source.secrets, {
      environment: examination.secretEnvironment,
      mode: examination.config.mode,
    }),
    maxConnections: maxConnections ?? Math.min(MAX_CONNECTIONS, capacityFor(examination)),
    allowedUpdates: takesAll || named.length === 0 ? null : named,
  };
}

/** What would change, for the question. */
export function describeSetting(
  source: SourceConfig,
  { url, maxConnections, allowedUpdates }: WebhookSettings,
  now: WebhookInfo,
): string {
  const [secret] = source.secrets;
  const before =
    now.url === '' ? 'no webhook is set' : `it calls ${isSameUrl(now.url, url) ? url : shownUrl(now.url)}`;
  const updates = allowedUpdates === null ? '' : `, for ${allowedUpdates.join(', ')} alone`;
  return (
    `Telegram will call ${url} with the secret token of ${secret === undefined ? 'none' : describeRef(secret)}, ` +
    `over ${maxConnections} connections at most${updates}. ` +
    `Now ${before}, and ${plural(now.pending_update_count, 'update')} wait.`
  );
}

/** Sets it, and asks again. Throws ACKLINE_TELEGRAM_REFUSED. */
export async function setWebhook(api: BotApi, settings: WebhookSettings): Promise<WebhookInfo> {
  orThrow(await api.setWebhook(settings));
  return orThrow(await api.webhookInfo());
}

/** Throws ACKLINE_TELEGRAM_REFUSED with what was answered. */
export function orThrow<T>(answer: ApiAnswer<T>): T {
  if (answer.kind === 'ok') return answer.result;
  throw new AppError(
    'ACKLINE_TELEGRAM_REFUSED',
    answer.kind === 'away'
      ? `The Bot API does not answer (${answer.problem})`
      : `The Bot API answers ${answer.code}: ${answer.description}`,
  );
}
