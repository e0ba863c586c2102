import type { ListedRejection } from '@ackline/store/rejections';

/** One line; the field names are API. Times are ISO, UTC. `body`: in base64, where it was asked for and is kept. */
export function rejectionJson(request: ListedRejection, body: Uint8Array | null = null): string {
  const { requestId, rejectedAt, source, provider, code, reason, method, url, headers } = request;
  const { bodyBytes, bodySha256, secrets, tried, secretIndex, skewMs, diagnosis, what, fix } = request;
  return JSON.stringify({
    requestId,
    rejectedAt: rejectedAt.toISOString(),
    source,
    provider,
    code,
    reason,
    method,
    url,
    headers: headers.known.map(([name, length]) => ({ name, length })),
    otherHeaders: headers.others,
    bodyBytes,
    bodySha256,
    secrets,
    tried,
    secretIndex,
    skewMs,
    diagnosis,
    what,
    fix,
    ...(body === null ? {} : { body: Buffer.from(body).toString('base64') }),
  });
}
