import type { ProcessCount } from '../http/health-report.ts';

/** What the parent tells a worker; a worker tells it what every service tells the process that forked it. */
export type ParentMessage =
  /** From here on every answer ends its connection; new ones are still taken. */
  | { readonly kind: 'retire' }
  /** As a first SIGTERM. */
  | { readonly kind: 'drain' }
  | { readonly kind: 'reload' }
  | { readonly kind: 'processes'; readonly processes: ProcessCount };

const KINDS: ReadonlySet<unknown> = new Set(['retire', 'drain', 'reload', 'processes']);

/** Only `kind` is checked: parent and worker are the same release, or one replaces the other. */
export function isParentMessage(message: unknown): message is ParentMessage {
  return typeof message === 'object' && message !== null && 'kind' in message && KINDS.has(message.kind);
}
