import type { Provider } from './provider.ts';

/** What a provider says of the headers that prove it is the sender. */
export type ProofHeaders = Pick<Provider, 'proofHeaders' | 'otherProofHeaders'>;

/** Lower-case names of all of them, whatever the kind of the secret. */
export function proofHeaderNames({ proofHeaders, otherProofHeaders }: ProofHeaders): readonly string[] {
  return [...proofHeaders, ...(otherProofHeaders ?? [])].map(name => name.toLowerCase());
}
