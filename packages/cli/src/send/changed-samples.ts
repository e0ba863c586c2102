import { AppError } from '@ackline/shared/app-error';
import type { SampleRequest } from '@ackline/shared/provider';
import { formatMs } from '../output/units.ts';
import type { SampleSource } from '@ackline/runtime/samples/prepare-samples';

/** What is other with samples than with what a provider sends. */
export interface SampleChanges {
  /** The signed time is so long ago; null: it is now. */
  readonly ageMs: number | null;
  /** A byte of the body is altered after it was signed. */
  readonly isTampered: boolean;
}

export interface ChangedSamples {
  /** `now`: epoch milliseconds. */
  readonly sample: (sequence: number, now: number) => SampleRequest;
  /** Why an ingress has to refuse them; null: it has to accept them. */
  readonly refusal: string | null;
}

/** Seconds are signed, and some providers' milliseconds. */
const SIGNED_UNIT_MS = 1_000;
/** Out of any tolerance, of which PayPal's is four days. What is accepted then has no time that is signed: by its provider, or by the kind of its secret. */
const LONG_AGO_MS = 365 * 86_400_000;

/** Throws ACKLINE_USAGE for a change that the ingress could not notice. */
export function changeSamples(samples: SampleSource, changes: SampleChanges, now: number): ChangedSamples {
  const { ageMs, isTampered } = changes;
  if (ageMs !== null) checkAge(samples, ageMs, now);
  const sample = (sequence: number, at: number) => {
    const signed = samples.sample(sequence, at - (ageMs ?? 0));
    return isTampered ? tampered(signed) : signed;
  };
  const verdict = samples.verify(sample(0, now), now);
  if (isTampered) {
    if (!verdict.verified) return { sample, refusal: 'the body was altered after it was signed' };
    throw usage(`${samples.provider.name} signs no body: an altered one is accepted, and shows nothing`);
  }
  const isStale = !verdict.verified && verdict.reason === 'timestamp_out_of_tolerance';
  return { sample, refusal: isStale ? staleness(ageMs) : null };
}

function staleness(ageMs: number | null): string {
  return ageMs === null
    ? 'the signed time, which is in the body, is not now'
    : `the signed time was ${formatMs(ageMs)} ago, which is out of the tolerance`;
}

function checkAge(samples: SampleSource, ageMs: number, now: number): void {
  const { provider } = samples;
  const signedAt = now - ageMs;
  const verdict = samples.verify(samples.sample(0, signedAt), signedAt, SIGNED_UNIT_MS);
  if (!verdict.verified && verdict.reason === 'timestamp_out_of_tolerance') {
    throw usage(
      `${provider.name} signs the time that is in the body, and a given body is sent as it is: change the time there`,
    );
  }
  if (samples.verify(samples.sample(0, now - LONG_AGO_MS), now).verified)
    throw usage(`${provider.name} signs no time, so that it has no age`);
}

/** One bit in the middle; an empty body gets a byte. */
function tampered(sample: SampleRequest): SampleRequest {
  const body = Buffer.from(sample.body.length === 0 ? ' ' : sample.body);
  const middle = body.length >> 1;
  if (sample.body.length > 0) body[middle] = (body[middle] ?? 0) ^ 1;
  return { ...sample, body };
}

const usage = (message: string) => new AppError('ACKLINE_USAGE', message);
