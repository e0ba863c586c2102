import { AppError } from './app-error.ts';

/**
 * The one pair that every stored body and header set goes through, so that encryption with a key per subject has one
 * place to come to. For now it is the identity, under the key id `none`: what is stored is in clear (SECURITY.md).
 */
export interface Sealed {
  /** Stored beside the bytes: tells `open` which key to use. */
  readonly keyId: string;
  readonly bytes: Uint8Array;
}

const IDENTITY_KEY_ID = 'none';

export function seal(bytes: Uint8Array): Sealed {
  return { keyId: IDENTITY_KEY_ID, bytes };
}

/** Throws ACKLINE_STORED_FORM_UNKNOWN rather than hand out bytes that it can not read. */
export function open(sealed: Sealed): Uint8Array {
  if (sealed.keyId === IDENTITY_KEY_ID) return sealed.bytes;
  throw new AppError(
    'ACKLINE_STORED_FORM_UNKNOWN',
    `Stored bytes have the form ${JSON.stringify(sealed.keyId.slice(0, 100))}, which this release does not know`,
  );
}
