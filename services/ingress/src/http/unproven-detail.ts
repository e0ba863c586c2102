import { errorCodes } from '@ackline/shared/error-codes';
import type { Endpoint } from '../sources/source-table.ts';

/**
 * What a sender that was not proven is told to do. The header's name is in the provider's own documentation, and that it is missing
 * the sender knows; names of sources are ours, so the commands that sign a sample and that tell the cause are told in development alone.
 */
export function unprovenDetail(
  { source, provider }: Pick<Endpoint, 'source' | 'provider'>,
  {
    reason,
    requestId,
    isProduction,
  }: { readonly reason: string; readonly requestId: string; readonly isProduction: boolean },
): string {
  const isMissing = reason === 'missing_signature';
  const why = isMissing ? missingProof(provider) : errorCodes.ACKLINE_BAD_SIGNATURE.fix;
  if (isProduction) return why;
  const sample = `A signed sample gets 200: npx ackline send ${provider.name} --source ${source.name}`;
  return `${why} ${sample}${isMissing ? '' : `; why this one did not: npx ackline doctor signature ${requestId}`}`;
}

function missingProof({ name, proofHeaders, otherProofHeaders }: Endpoint['provider']): string {
  if (otherProofHeaders !== undefined) {
    return `What proves that ${name} is the sender is missing: by the kind of the secret that is ${together(proofHeaders)}, or ${together(otherProofHeaders)}.`;
  }
  const [first, ...others] = proofHeaders;
  if (others.length === 0) return `The header ${first} is missing: it proves that ${name} is the sender.`;
  return `One of the headers ${proofHeaders.join(', ')} is missing: together they prove that ${name} is the sender.`;
}

function together([first, ...others]: Endpoint['provider']['proofHeaders']): string {
  if (others.length === 0) return `the header ${first}`;
  return `the headers ${[first, ...others].join(', ')} together`;
}
