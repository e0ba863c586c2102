import { AppError } from '@ackline/shared/app-error';
import type { SourceConfig } from '@ackline/shared/config/types';
import type { Provider } from '@ackline/shared/provider';
import { readFirstSecret, type SecretPlaces } from './first-secret.ts';

/** A secret of a source, and what signs for it: itself, or the signing key that `ackline up` has made with it. */
export interface Signer {
  readonly secret: string;
  readonly signingKey: string;
}

/** The variable beside that of a public key, with what samples are signed with. */
export function signingKeyVariable(variable: string): string {
  return `${variable}_SIGNING_KEY`;
}

/** Throws ACKLINE_SECRET_MISSING where the source has no secret here, ACKLINE_SIGNING_KEY_MISSING where it has public keys alone. */
export function readSigner(source: SourceConfig, provider: Provider, target: SecretPlaces): Signer {
  const secret = readFirstSecret(source.secrets, target);
  const itself = { secret, signingKey: secret };
  if (provider.makeKeys === undefined) return itself;
  const pairs = source.secrets.flatMap(ref => ('env' in ref ? [pairOf(ref.env, target)] : []));
  const signer = [...pairs, itself].find(candidate => isSigner(provider, candidate));
  if (signer !== undefined) return signer;
  throw new AppError(
    'ACKLINE_SIGNING_KEY_MISSING',
    `${provider.name} signs with a key that only ${provider.name} has: the source ${source.name} has its public key here, and nothing can be signed with that`,
  );
}

/** One that somebody gives instead: of a key pair what signs. Throws ACKLINE_USAGE where it can sign nothing. */
export function givenSigner(provider: Provider, secret: string): Signer {
  const verdict = signs(provider, secret) || provider.checkSecret(secret);
  if (verdict === true && signs(provider, secret))
    return { secret: provider.publicKeyOf?.(secret) ?? secret, signingKey: secret };
  // Never with the secret in it.
  const isShown = verdict !== true && (secret === '' || !verdict.includes(secret));
  const why = verdict === true ? ': it is a public key, and signs nothing' : isShown ? `: it ${verdict}` : '';
  throw new AppError('ACKLINE_USAGE', `The secret is none of ${provider.name}${why}`);
}

/** Of any other provider a secret is what signs, if it has the form. */
function signs(provider: Provider, secret: string): boolean {
  if (provider.makeKeys === undefined) return provider.checkSecret(secret) === true;
  const [proof] = provider.proofHeaders;
  const { headers } = provider.sample({ ...TRIAL, secret });
  return headers.some(([name, value]) => name === proof && value !== '');
}

function pairOf(variable: string, { environment }: Pick<SecretPlaces, 'environment'>): Signer {
  return {
    secret: environment[variable] ?? '',
    signingKey: environment[signingKeyVariable(variable)] ?? '',
  };
}

/** Of any time: the same one is asked for. */
const TRIAL = { url: 'https://localhost/', sequence: 0, now: 1_700_000_000_000 };

function isSigner(provider: Provider, { secret, signingKey }: Signer): boolean {
  const request = {
    method: 'POST',
    url: TRIAL.url,
    ...provider.sample({ ...TRIAL, secret: signingKey }),
  };
  return provider.verify(request, [secret], TRIAL.now).verified;
}
