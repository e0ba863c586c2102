import type { SecretReader } from '@ackline/runtime/secrets';
import { AppError } from '@ackline/shared/app-error';
import { checkHeaderValue } from '@ackline/shared/config/header-fields';
import { describeRef } from '@ackline/shared/config/secret-ref';
import type { DestinationConfig, SecretRef } from '@ackline/shared/config/types';
import type { HeaderPairs } from '@ackline/shared/envelope';

type Secrets = Pick<SecretReader, 'resolve'>;

/** The headers that the file gives the destination, with its secrets as they are now. Throws ACKLINE_SECRET_MISSING. */
export function destinationHeaders(config: DestinationConfig, secrets: Secrets): HeaderPairs {
  if (config.type !== 'http') return [];
  return Object.entries(config.headers).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : secretValue(name, value, secrets),
  ]);
}

/** A file's form was right when the configuration was read, and it may have changed since: the client would refuse it for ever. */
function secretValue(name: string, ref: SecretRef, secrets: Secrets): string {
  const [value = ''] = secrets.resolve([ref]);
  const verdict = checkHeaderValue(value);
  if (verdict === true) return value;
  throw new AppError(
    'ACKLINE_SECRET_MISSING',
    `header ${name}: ${describeRef(ref)} has the wrong form: ${verdict}`,
  );
}
