import type { Answer } from '../../provider.ts';

/** What every provider takes that says nothing of the body of an answer. */
export function received(): Answer {
  return { status: 200, contentType: 'application/json', body: '{"status":"received"}' };
}
