import { AppError } from '@ackline/shared/app-error';
import type { SecretRef } from '@ackline/shared/config/types';
import type { SecretReader } from './secrets.ts';

/** For who only looks: the live value of one reference; null where this process has none, be it missing, empty or malformed. */
export function secretValue(ref: SecretRef, reader: Pick<SecretReader, 'resolve'>): string | null {
  try {
    return reader.resolve([ref])[0] ?? null;
  } catch (error) {
    if (error instanceof AppError) return null;
    throw error;
  }
}
