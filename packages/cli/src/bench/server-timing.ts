/** A request's way by the clock of the ingress that answered it, without the network. */
export interface ServerTimes {
  /** Everything before the append: admitted, read, verified, identified. */
  readonly validationMs: number;
  /** The check of the signature alone. */
  readonly signatureMs: number;
  /** Until the event is durable; null where nothing was appended: it was accepted before. */
  readonly queuedMs: number | null;
}

const PHASE = /(?:^|,\s*)(admit|read|verify|identify|append);dur=(\d{1,9}(?:\.\d{1,6})?)/g;
/** An ingress writes six phases. */
const MAX_CHARS = 512;

/** null where the header is not an ingress's about a request that was verified. */
export function readServerTiming(header: string | null): ServerTimes | null {
  const found = new Map(
    (header ?? '')
      .slice(0, MAX_CHARS)
      .matchAll(PHASE)
      .map(([, phase = '', ms]): [string, number] => [phase, Number(ms)]),
  );
  const signatureMs = found.get('verify');
  if (signatureMs === undefined) return null;
  const appendMs = found.get('append');
  const validationMs = ['admit', 'read', 'verify', 'identify'].reduce(
    (sum, phase) => sum + (found.get(phase) ?? 0),
    0,
  );
  return { validationMs, signatureMs, queuedMs: appendMs === undefined ? null : validationMs + appendMs };
}
