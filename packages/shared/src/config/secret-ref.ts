import type { SecretRef } from './types.ts';

/** "env WEBHOOK_SECRET_TOKEN", as it may be shown. */
export function describeRef(ref: SecretRef): string {
  return 'env' in ref ? `env ${ref.env}` : `file ${ref.file}`;
}
