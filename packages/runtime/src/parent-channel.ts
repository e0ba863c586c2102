import type { ErrorCode } from '@ackline/shared/error-codes';
import type { LogLevel } from '@ackline/shared/log-level';

/** What a service tells the process that forked it. */
export type ChildMessage =
  | {
      readonly kind: 'listening';
      readonly name: 'http' | 'operations';
      readonly host: string;
      readonly port: number;
    }
  | { readonly kind: 'started' }
  /** In force after ackline.yaml was read, at the start and by a reload. */
  | { readonly kind: 'log-level'; readonly level: LogLevel }
  /** The process ends by this error, which it has logged. */
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string };

/** The IPC part of `process`: `send` exists in a forked child only. */
export interface ParentLink {
  readonly connected: boolean;
  send?(message: ChildMessage, callback: (error: Error | null) => void): unknown;
}

/** Sends to the parent; does nothing in a process that has none, or whose parent has gone. */
export function reportToParent(link: ParentLink, message: ChildMessage): void {
  if (!link.connected) return;
  // The parent may close the channel at any moment: then nobody is left to tell.
  link.send?.(message, () => undefined);
}

const KINDS: ReadonlySet<unknown> = new Set(['listening', 'started', 'log-level', 'failed']);

/** True for a message of `reportToParent`, of which only `kind` is checked: parent and child are the same release. */
export function isChildMessage(message: unknown): message is ChildMessage {
  return typeof message === 'object' && message !== null && 'kind' in message && KINDS.has(message.kind);
}
