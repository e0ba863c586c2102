import { createStandardProvider } from './standard/provider.ts';
import type { StandardNames } from './standard/signature.ts';

export const WEBHOOK_NAMES: StandardNames = {
  id: 'webhook-id',
  timestamp: 'webhook-timestamp',
  signature: 'webhook-signature',
};

/** Whoever signs by Standard Webhooks, with its own header names. */
export const standardWebhooks = createStandardProvider({
  name: 'standard-webhooks',
  namesOf: () => WEBHOOK_NAMES,
  prefix: 'webhook',
});
