import { hash } from 'node:crypto';
import { secretValue } from '@ackline/runtime/secret-value';
import { createSecretReader } from '@ackline/runtime/secrets';
import type { ConfigPath } from '@ackline/shared/config/yaml-source';
import { type Examination, findingAt } from '../examination.ts';
import type { Finding } from '../finding.ts';

/** 16 characters of base64 are 96 bits; what is shorter can be tried out. */
const LEAST_CHARS = 16;
/** A random text of 16 characters has about twelve different ones. */
const LEAST_DIFFERENT = 6;
const PLACEHOLDER =
  /change.?me|your.?(?:secret|token|key)|secret.?(?:token|key)|password|example|placeholder|dummy|^test|12345678/i;

interface UsedSecret {
  readonly path: ConfigPath;
  readonly owner: string;
  /** What may share it: the sources of one account of a provider. */
  readonly of: string;
  /** Its value is compared by this, and never shown. */
  readonly digest: string;
  readonly problem: string | null;
}

/** Secrets that can be guessed, and those that prove senders of several accounts. Values that are missing are found elsewhere. */
export function weakSecrets(examination: Examination): readonly Finding[] {
  if (!examination.isProduction) return []; // development makes random ones up
  const used = usedSecrets(examination);
  const weak = used.flatMap(({ path, owner, problem }) =>
    problem === null
      ? []
      : [findingAt(examination, { id: 'secret-weak', path, subject: owner, what: `its secret ${problem}` })],
  );
  const first = new Map<string, UsedSecret>();
  const shared = used.flatMap(secret => {
    const earlier = first.get(secret.digest);
    if (earlier === undefined) first.set(secret.digest, secret);
    if (earlier === undefined || earlier.of === secret.of) return [];
    const what = `it has the same secret as ${earlier.owner}`;
    return [findingAt(examination, { id: 'secret-shared', path: secret.path, subject: secret.owner, what })];
  });
  return [...weak, ...shared];
}

function usedSecrets({ acklineConfig, secretEnvironment }: Examination): readonly UsedSecret[] {
  if (acklineConfig === null) return [];
  const reader = createSecretReader({ env: secretEnvironment, production: true });
  return acklineConfig.sources.flatMap(({ name, provider, tenant, secrets }, at) =>
    secrets.flatMap((ref, index): UsedSecret[] => {
      const value = secretValue(ref, reader);
      if (value === null) return [];
      return [
        {
          path: ['sources', at, 'secrets', index],
          owner: `source ${name}, secrets[${index}]`,
          of: `${provider} of ${tenant}`,
          digest: hash('sha256', value),
          problem: problemOf(value),
        },
      ];
    }),
  );
}

/** Nothing of the value but its length. */
function problemOf(value: string): string | null {
  if (value.length < LEAST_CHARS)
    return `has ${value.length} characters, needed are ${LEAST_CHARS} random ones or more`;
  if (new Set(value).size < LEAST_DIFFERENT) return 'repeats a few characters';
  return PLACEHOLDER.test(value) ? 'looks like a placeholder' : null;
}
