import { headerValues } from '../headers.ts';
import { createStandardProvider } from './standard/provider.ts';
import type { StandardNames } from './standard/signature.ts';
import { WEBHOOK_NAMES } from './standard-webhooks.ts';

const SVIX_NAMES: StandardNames = {
  id: 'svix-id',
  timestamp: 'svix-timestamp',
  signature: 'svix-signature',
};

/** Whoever sends through Svix, which has names of its own; its customers may have those of Standard Webhooks instead, or as well. */
export const svix = createStandardProvider({
  name: 'svix',
  namesOf: headers => (headerValues(headers, SVIX_NAMES.signature).length > 0 ? SVIX_NAMES : WEBHOOK_NAMES),
  prefix: 'svix',
});
