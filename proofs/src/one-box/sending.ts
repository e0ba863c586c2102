import { setTimeout as delay } from 'node:timers/promises';
import { callAsProvider, type ProviderCall } from './provider-call.ts';

/** Between the tries of one event, and between events. */
const PAUSE_MS = 100;

export interface Sent {
  /** Every id, each of which was answered 200 in the end. */
  readonly ids: readonly number[];
  /** Of each answer that was no 200: its status, its Retry-After, null for none, and when it came. */
  readonly refused: readonly { status: number; retryAfter: string | null; atMs: number }[];
  /** From the first refused answer to the 200 after the last one; 0 where nothing was refused. */
  readonly awayMs: number;
}

/** Sends one update after the other, each again until it is answered 200, as Telegram does, until `isOver` and all have been accepted. */
export async function sendUpdates(
  call: (id: number) => ProviderCall,
  { firstId, isOver }: { readonly firstId: number; readonly isOver: () => boolean },
): Promise<Sent> {
  const ids: number[] = [];
  const refused: { status: number; retryAfter: string | null; atMs: number }[] = [];
  let backAtMs = 0;
  for (let id = firstId; !isOver(); id += 1) {
    ids.push(id);
    for (;;) {
      const { status, head } = await callAsProvider(call(id));
      if (status === 200) break;
      const retryAfter = /^retry-after: (.*)$/im.exec(head)?.[1] ?? null;
      refused.push({ status, retryAfter, atMs: performance.now() });
      backAtMs = 0;
      await delay(PAUSE_MS);
    }
    if (backAtMs === 0) backAtMs = performance.now();
    await delay(PAUSE_MS);
  }
  const first = refused[0];
  return { ids, refused, awayMs: first === undefined ? 0 : backAtMs - first.atMs };
}
