import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';

import { createKeyCache } from '../../key-cache.ts';
import type { Provider, ReceivedRequest, Secrets, Verdict } from '../../provider.ts';
import { type GenericOptions, signedParts } from './options.ts';
import { idForm, type SignedValue, signs } from './signed.ts';
import { isoMs } from '../body/json-body.ts';
import {
  checkTextSecret,
  readClaim,
  readProofHeader,
  refuse,
  sameText,
  textKey,
  verdictOf,
} from '../proof/signature.ts';

/** What verifies, and what a sample is made with: one of the two schemes. */
export interface Proving {
  readonly proofHeaders: readonly [string, ...string[]];
  /** null: no time is signed. */
  readonly toleranceMs: number | null;
  readonly verify: Provider['verify'];
  /** The value of the proof header. */
  readonly prove: (secret: string, content: SignedContent) => string;
  readonly checkSecret: Provider['checkSecret'];
}

/** What takes the places of a template; a value that is not in it is not asked for. */
export type SignedContent = Readonly<Record<SignedValue, string | Uint8Array>>;

/** Five minutes, as most senders that sign a time advise. */
const TOLERANCE_MS = 300_000;

/** Of a header: nothing that would be trimmed, or read in two ways. */
const TOKEN_FORM = /^[!-~]{1,4096}$/;

/** The secret itself is the proof. */
export function tokenProving({ header, prefix = '' }: GenericOptions): Proving {
  const rules = { header: header.toLowerCase(), form: new RegExp(`^${RegExp.escape(prefix)}[!-~]{1,4096}$`) };
  const prove = (secret: string) => prefix + secret;
  return {
    proofHeaders: [header],
    toleranceMs: null,
    prove,
    verify(request, secrets) {
      const claim = readClaim(request, secrets, rules);
      if (claim.kind === 'refused') return claim.verdict;
      return verdictOf(claim.live, secret => sameText(claim.value, prove(secret)));
    },
    checkSecret: secret =>
      TOKEN_FORM.test(secret) ||
      'must be 1 to 4096 characters of ASCII without spaces, as it is in the header',
  };
}

export function hmacProving(options: GenericOptions): Proving {
  const { header, prefix = '', algorithm = 'sha256', encoding = 'hex', key = 'text' } = options;
  const parts = signedParts(options);
  const form = new RegExp(`^${RegExp.escape(prefix)}${SIGNATURE_FORMS[encoding][algorithm]}$`);
  const time = options.timestampHeader === undefined ? null : timeRules(options.timestampHeader, options);
  const idHeader = signs(parts, 'id') ? (options.id ?? '') : null;
  const idRules = { header: (idHeader ?? '').toLowerCase(), form: idForm(parts) };
  const { keyOf, check } = KEYS[key];

  function prove(secret: string, content: SignedContent): string {
    const hmac = createHmac(algorithm, keyOf(secret));
    for (const part of parts) hmac.update('text' in part ? part.text : content[part.of]);
    return prefix + hmac.digest(encoding);
  }

  function verify(
    request: ReceivedRequest,
    secrets: Secrets,
    now: number,
    toleranceMs: number = TOLERANCE_MS,
  ): Verdict {
    const claim = readClaim(request, secrets, { header: header.toLowerCase(), form });
    if (claim.kind === 'refused') return claim.verdict;
    const id = idHeader === null ? NOT_ASKED : readProofHeader(request, idRules);
    if (id.kind === 'refused') return id.verdict;
    const at = time === null ? NOT_ASKED : readProofHeader(request, time.rules);
    if (at.kind === 'refused') return at.verdict;
    const content = { body: request.body, url: request.url, id: id.value, timestamp: at.value };
    // Of another form it would be decoded to another key, perhaps to an empty one.
    const verdict = verdictOf(
      claim.live,
      secret => check(secret) === true && sameText(claim.value, prove(secret, content)),
    );
    // Last, since only of a proven sender it is a time.
    if (!verdict.verified || time === null) return verdict;
    return Math.abs(now - time.msOf(at.value)) <= toleranceMs
      ? verdict
      : refuse('timestamp_out_of_tolerance');
  }

  const others = [options.timestampHeader ?? null, idHeader].filter(name => name !== null);
  return {
    proofHeaders: [header, ...others],
    toleranceMs: time === null ? null : TOLERANCE_MS,
    verify,
    prove,
    checkSecret: check,
  };
}

const NOT_ASKED = { kind: 'shown', value: '' } as const;

const SIGNATURE_FORMS = {
  hex: { sha1: '[0-9a-f]{40}', sha256: '[0-9a-f]{64}', sha512: '[0-9a-f]{128}' },
  base64: {
    sha1: '[A-Za-z0-9+/]{27}=',
    sha256: '[A-Za-z0-9+/]{43}=',
    sha512: '[A-Za-z0-9+/]{86}==',
  },
} as const;

interface KeyForm {
  readonly keyOf: (secret: string) => KeyObject;
  readonly check: Provider['checkSecret'];
}

/** 128 bits of hexadecimal digits or base64, and some more than anybody has. */
const KEY_BYTES = { min: 16, max: 512 } as const;
const HEX_FORM = /^(?:[0-9a-fA-F]{2})+$/;
const BASE64_FORM = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const KEYS: Readonly<Record<NonNullable<GenericOptions['key']>, KeyForm>> = {
  text: { keyOf: textKey, check: checkTextSecret },
  hex: decodedKey('hex', HEX_FORM),
  base64: decodedKey('base64', BASE64_FORM),
};

function decodedKey(encoding: 'hex' | 'base64', form: RegExp): KeyForm {
  return {
    keyOf: createKeyCache(secret => createSecretKey(secret, encoding)),
    check(secret) {
      const length = form.test(secret) ? Buffer.byteLength(secret, encoding) : 0;
      if (length >= KEY_BYTES.min && length <= KEY_BYTES.max) return true;
      return `must be ${KEY_BYTES.min} to ${KEY_BYTES.max} bytes in ${encoding}`;
    },
  };
}

/** Digits of a length that no time within a tolerance leaves: nothing can move between it and what stands beside it. */
const TIME_FORMS = { s: /^[1-9]\d{0,11}$/, ms: /^[1-9]\d{0,14}$/, iso: /^[0-9T:.Z+-]{20,35}$/ } as const;

function timeRules(header: string, { timestampUnit = 's' }: GenericOptions) {
  const msOf = (text: string): number => {
    if (timestampUnit === 'iso') return isoMs(text) ?? Number.NEGATIVE_INFINITY;
    return Number(text) * (timestampUnit === 's' ? 1_000 : 1);
  };
  return { rules: { header: header.toLowerCase(), form: TIME_FORMS[timestampUnit] }, msOf };
}
