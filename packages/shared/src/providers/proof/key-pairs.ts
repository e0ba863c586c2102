import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  type KeyPairKeyObjectResult,
} from 'node:crypto';

import type { KeyPair } from '../../provider.ts';

/** What stands before the 32 bytes of a key in its DER (RFC 8410). */
const ED25519_PUBLIC_START = Buffer.from('302a300506032b6570032100', 'hex');
const ED25519_SIGNING_START = Buffer.from('302e020100300506032b657004220420', 'hex');
const ED25519_BYTES = 32;

/** null: what is not 32 bytes. */
export function ed25519PublicKey(bytes: Uint8Array): KeyObject | null {
  return bytes.length === ED25519_BYTES ? publicKeyOf(Buffer.concat([ED25519_PUBLIC_START, bytes])) : null;
}

/** Of its seed; null: what is not 32 bytes. */
export function ed25519SigningKey(seed: Uint8Array): KeyObject | null {
  return seed.length === ED25519_BYTES ? privateKeyOf(Buffer.concat([ED25519_SIGNING_START, seed])) : null;
}

/** The 32 bytes of the public half. */
export function ed25519PublicBytes(signingKey: KeyObject): Buffer {
  return spkiOf(signingKey).subarray(ED25519_PUBLIC_START.length);
}

/** SubjectPublicKeyInfo of the public half. */
export function spkiOf(signingKey: KeyObject): Buffer {
  return createPublicKey(signingKey).export({ type: 'spki', format: 'der' });
}

/** New ones: the 32 bytes of either half. */
export function makeEd25519(): { readonly publicBytes: Buffer; readonly seed: Buffer } {
  const { publicDer, signingDer } = derOf(generateKeyPairSync('ed25519'));
  return {
    publicBytes: publicDer.subarray(ED25519_PUBLIC_START.length),
    seed: signingDer.subarray(ED25519_SIGNING_START.length),
  };
}

/** New ones of P-256: SubjectPublicKeyInfo and PKCS #8, each in base64. */
export function makeP256(): KeyPair {
  const { publicDer, signingDer } = derOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }));
  return { secret: publicDer.toString('base64'), signingKey: signingDer.toString('base64') };
}

/** What is shorter is no key any more. */
const MIN_RSA_BITS = 2_048;

/** New ones of RSA: SubjectPublicKeyInfo and PKCS #8, each in base64. */
export function makeRsa(): KeyPair {
  const { publicDer, signingDer } = derOf(generateKeyPairSync('rsa', { modulusLength: MIN_RSA_BITS }));
  return { secret: publicDer.toString('base64'), signingKey: signingDer.toString('base64') };
}

/** Of RSA, and long enough. */
export function isRsaKey(key: KeyObject): boolean {
  return key.asymmetricKeyType === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= MIN_RSA_BITS;
}

function derOf({ publicKey, privateKey }: KeyPairKeyObjectResult) {
  return {
    publicDer: publicKey.export({ type: 'spki', format: 'der' }),
    signingDer: privateKey.export({ type: 'pkcs8', format: 'der' }),
  };
}

/** Of its DER (SubjectPublicKeyInfo); null where it is none. */
export function publicKeyOf(der: Buffer): KeyObject | null {
  try {
    return createPublicKey({ key: der, format: 'der', type: 'spki' });
  } catch {
    return null;
  }
}

/** Of its DER (PKCS #8); null where it is none. */
export function privateKeyOf(der: Buffer): KeyObject | null {
  try {
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  } catch {
    return null;
  }
}
