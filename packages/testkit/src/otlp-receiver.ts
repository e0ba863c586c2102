import { type FakeReceiver, startFakeReceiver } from './fake-receiver.ts';
import { decodeOtlpSpans, type OtlpSpan } from './otlp-spans.ts';

export interface OtlpReceiver extends AsyncDisposable {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly url: string;
  /** The server itself, to script what it answers. */
  readonly http: FakeReceiver;
  /** All that came, in the order of coming. */
  spans(): readonly OtlpSpan[];
}

/** A collector: takes spans by OTLP/HTTP in protobuf, and decodes them. */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const http = await startFakeReceiver();
  const decoded: OtlpSpan[] = [];
  let seen = 0;
  return {
    url: http.url,
    http,
    spans() {
      for (const request of http.requests.slice(seen)) {
        const type = request.rawHeaders.find(([name]) => name.toLowerCase() === 'content-type')?.[1];
        if (request.method !== 'POST' || request.url !== '/v1/traces' || type !== 'application/x-protobuf') {
          throw new Error(`no spans: ${request.method} ${request.url} ${type}`);
        }
        decoded.push(...decodeOtlpSpans(request.body));
      }
      seen = http.requests.length;
      return decoded;
    },
    [Symbol.asyncDispose]: () => http.close(),
  };
}
