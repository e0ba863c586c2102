export const SOURCE_NAMES = [
  'telegram',
  'lossy',
  'quiet',
  'strangers',
  'limited',
  'to-crm',
  'to-erp',
  'to-bot',
] as const;
/** `early` is one that only the ingress knows for a while. */
export type SourceName = (typeof SOURCE_NAMES)[number] | 'early';

export interface ConfigOptions {
  readonly sources: readonly SourceName[];
  readonly receivers: Readonly<Record<'receiver' | 'crm' | 'erp', { readonly url: string }>>;
  /** The secret of `quiet`; the others' is in the environment. */
  readonly secretFile: string;
  /** Of the handler. */
  readonly moduleFile: string;
}

/** The first call for each event ends its thread in the middle of what it does once. */
export const HANDLER_MODULE = `import { any } from '@ackline/handlers/any';
import { defineHandler } from '@ackline/handlers/define-handler';

export const bot = defineHandler({
  name: 'bot',
  source: any,
  async handle(event, ctx) {
    await ctx.cache.getOrLoad('menu', async () => (await ctx.http.get(ctx.settings.url)).status);
    await ctx.once('reply:' + event.id, () => {
      if (event.attempt === 1) process.exit();
    });
  },
});
`;
export const BROKEN_MODULE = 'export const bot = ';

const MORE: Readonly<Partial<Record<SourceName, string>>> = {
  lossy: ', onUndurable: 200',
  limited: ', limit: { max: 1, by: source, over: reject }',
};

export const pathOf = (source: SourceName): string => `/webhook/${source}`;

/** `crm` parks after one retry, and its breaker never opens; `erp` is tried for long, and its breaker opens soon. */
export function configText({ sources, receivers, secretFile, moduleFile }: ConfigOptions): string {
  const sourceLines = sources.map(name => {
    const secret = name === 'quiet' ? `file: ${secretFile}` : 'env: ALERT_TOKEN';
    const more = MORE[name] ?? '';
    return `  - { name: ${name}, provider: telegram, path: ${pathOf(name)}, secrets: [{ ${secret} }]${more} }`;
  });
  const route = (name: SourceName): string => {
    const destination = name.startsWith('to-') ? name.slice('to-'.length) : 'receiver';
    return `  - { name: ${name}, match: { source: ${name} }, destination: ${destination} }`;
  };
  return `
publicUrl: https://hooks.example.com
sources:
${sourceLines.join('\n')}
routes:
${sources.map(route).join('\n')}
destinations:
  - { name: receiver, type: http, url: ${receivers.receiver.url}, concurrency: 50, timeout: 5s }
  - name: crm
    type: http
    url: ${receivers.crm.url}
    timeout: 2s
    retry: { schedule: [100ms], jitter: none }
    breaker: { failures: 1000, reset: 60s }
  - name: erp
    type: http
    url: ${receivers.erp.url}
    timeout: 2s
    retry: { schedule: [1s, 1s, 1s, 1s, 1s, 1s, 1m, 1m, 1m, 1m], jitter: none }
    breaker: { failures: 5, reset: 2s, slowStart: 100ms }
  - name: bot
    type: handler
    module: ${moduleFile}
    settings: { url: ${receivers.receiver.url} }
    retry: { schedule: [100ms, 1s, 1s], jitter: none }
`;
}
