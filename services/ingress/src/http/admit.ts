import { headerValues, mediaType } from '@ackline/shared/headers';
import type { HeaderPairs } from '@ackline/shared/envelope';
import type { ErrorCode } from '@ackline/shared/error-codes';
import { pathOf } from './called-url.ts';
import type { Endpoint, SourceTable } from '../sources/source-table.ts';

/** What is known of a request before its body is read. */
export interface RequestHead {
  readonly method: string;
  readonly target: string;
  readonly headers: HeaderPairs;
}

export type Admission =
  | { readonly kind: 'admitted'; readonly endpoint: Endpoint; readonly contentLength: number | null }
  /** A GET of a provider that sends one; it has no body that anybody reads. */
  | { readonly kind: 'handshake'; readonly endpoint: Endpoint }
  | {
      readonly kind: 'refused';
      readonly code: ErrorCode;
      /** Label of a metric: one of few. */
      readonly reason: AdmissionReason;
      readonly endpoint: Endpoint | null;
    };

export type AdmissionReason =
  | 'no_such_source'
  | 'method_not_allowed'
  | 'unsupported_type'
  | 'unsupported_encoding'
  | 'body_too_large';

/** The checks that cost nothing, before a byte of the body is read: path, method, content type, encoding, declared length. */
export function admit(head: RequestHead, sources: SourceTable): Admission {
  const endpoint = sources.get(pathOf(head.target));
  if (endpoint === undefined) return refused('ACKLINE_NO_SUCH_SOURCE', 'no_such_source', null);
  if (head.method === 'GET' && takesGet(endpoint)) return { kind: 'handshake', endpoint };
  if (head.method !== 'POST') return refused('ACKLINE_METHOD_NOT_ALLOWED', 'method_not_allowed', endpoint);
  const type = mediaType(head.headers);
  if (type === null || !endpoint.provider.contentTypes.includes(type)) {
    return refused('ACKLINE_UNSUPPORTED_TYPE', 'unsupported_type', endpoint);
  }
  // A body that we unpacked would not be the bytes that were signed, and a small one can unpack to a huge one.
  const encodings = headerValues(head.headers, 'content-encoding');
  if (encodings.some(encoding => encoding.trim().toLowerCase() !== 'identity')) {
    return refused('ACKLINE_UNSUPPORTED_TYPE', 'unsupported_encoding', endpoint);
  }
  const contentLength = declaredLength(head.headers);
  if (contentLength !== null && contentLength > endpoint.source.maxBodyBytes) {
    return refused('ACKLINE_BODY_TOO_LARGE', 'body_too_large', endpoint);
  }
  return { kind: 'admitted', endpoint, contentLength };
}

/** For the header Allow. */
export function allowedMethods(endpoint: Endpoint): string {
  return takesGet(endpoint) ? 'GET, POST' : 'POST';
}

function takesGet({ provider }: Endpoint): boolean {
  return provider.handshake !== undefined;
}

/** null for a body of unknown length. The HTTP parser has refused a length that is no number, and two that differ. */
function declaredLength(headers: HeaderPairs): number | null {
  const [length] = headerValues(headers, 'content-length');
  return length === undefined ? null : Number(length);
}

function refused(code: ErrorCode, reason: AdmissionReason, endpoint: Endpoint | null): Admission {
  return { kind: 'refused', code, reason, endpoint };
}
