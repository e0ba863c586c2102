/** Belong to one connection, or are made anew for ours (RFC 9110 §7.6.1). `expect` is a question to the first server only. */
export const OF_THE_CONNECTION: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
/** Say how the original body is to be read. */
export const OF_THE_BODY: ReadonlySet<string> = new Set([
  'content-type',
  'content-encoding',
  'content-md5',
  'digest',
  'content-digest',
]);
/** W3C Trace Context: `tracestate` says more of the `traceparent` beside it. */
export const OF_A_TRACE: ReadonlySet<string> = new Set(['traceparent', 'tracestate']);
export const OWN_PREFIX = 'ackline-';
const OWN: ReadonlySet<string> = new Set([
  'webhook-id',
  'webhook-timestamp',
  'webhook-signature',
  'webhook-replay',
]);

/** Why a destination can have no header of this name, for a message; null: it can. */
export function whyReserved(name: string): string | null {
  const lower = name.toLowerCase();
  if (OF_THE_CONNECTION.has(lower)) return 'is of the connection, which HTTP sets itself';
  if (OWN.has(lower) || lower.startsWith(OWN_PREFIX)) return "is Ackline's own, which a receiver believes";
  if (OF_A_TRACE.has(lower)) return 'is of the trace of each event';
  if (OF_THE_BODY.has(lower)) return 'says how to read the body, which the event or its route does';
  return null;
}
