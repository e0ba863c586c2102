import { hash } from 'node:crypto';

import { mediaType } from '../../headers.ts';
import type { ReceivedRequest, Secrets, Verdict } from '../../provider.ts';
import { type Form, readForm } from '../body/form-body.ts';
import { hmacBase64, readClaim, refuse, sameText, verdictOf } from '../proof/signature.ts';
import { bodyHashParameters, signedUrlForms } from './url.ts';

export const FORM_TYPE = 'application/x-www-form-urlencoded';

/** Base64 of the 20 bytes of an HMAC-SHA1. */
export const PROOF_HEADER = 'X-Twilio-Signature';
const SIGNATURE_RULES = { header: PROOF_HEADER.toLowerCase(), form: /^[A-Za-z0-9+/]{27}=$/ };

/** What is signed after the URL; `refused` where the signature can not cover the body. */
type SignedContent =
  | { readonly kind: 'signed'; readonly text: string }
  | { readonly kind: 'refused'; readonly verdict: Verdict };

/**
 * Proves that Twilio sent this request, body included:
 *
 * - With `bodySHA256` in the URL, Twilio signed the URL alone, and the raw body must have that hash. This goes first and for any
 *   content type: Content-Type is not signed, so by calling a JSON body a form its bytes would escape the check.
 * - Else a form: its parameters are signed with the URL.
 * - Else nothing covers the body: refused.
 */
export function verifyTwilio(request: ReceivedRequest, secrets: Secrets): Verdict {
  const claim = readClaim(request, secrets, SIGNATURE_RULES);
  if (claim.kind === 'refused') return claim.verdict;
  const content = signedContent(request);
  if (content.kind === 'refused') return content.verdict;
  const urls = signedUrlForms(request.url);
  return verdictOf(claim.live, secret =>
    urls.some(url => sameText(claim.value, signTwilio(secret, url, content.text))),
  );
}

export function signTwilio(secret: string, url: string, content: string): string {
  return hmacBase64('sha1', secret, [url, content]);
}

/**
 * Names and values without any separator, by name in UTF-16 order, values of a repeated name unique and sorted. Fields can fold
 * into each other under one signature, so a value is used as a key only where it has the form of an id (see `identify`).
 */
export function signedParameters(form: Form): string {
  return [...form.keys()]
    .sort()
    .flatMap(name => [...new Set(form.get(name))].sort().map(value => name + value))
    .join('');
}

function signedContent(request: ReceivedRequest): SignedContent {
  const [bodyHash, second] = bodyHashParameters(request.url);
  if (bodyHash !== undefined) {
    const isSame = second === undefined && sameText(bodyHash, hash('sha256', request.body, 'hex'));
    return isSame ? { kind: 'signed', text: '' } : { kind: 'refused', verdict: refuse('body_hash_mismatch') };
  }
  if (mediaType(request.headers) !== FORM_TYPE)
    return { kind: 'refused', verdict: refuse('body_hash_missing') };
  const form = readForm(request.body);
  // Twilio signs decoded text, so a form that has none was not signed by it.
  if (form === null) return { kind: 'refused', verdict: refuse('wrong_signature') };
  return { kind: 'signed', text: signedParameters(form) };
}
