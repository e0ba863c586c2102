import { createHmac } from 'node:crypto';
import { diagnose, type Examined } from '../../src/signature-doctor/diagnose.ts';
import type { Suspect } from '../../src/signature-doctor/diagnosis.ts';
import type { Provider, ReceivedRequest } from '../../src/provider.ts';
import { providers } from '../../src/providers/registry.ts';
import { NOW } from '../providers/support/requests.ts';

/** As an ingress would have refused it. */
export function suspect(
  provider: Provider,
  request: ReceivedRequest,
  {
    source,
    secrets = [],
    ...more
  }: Partial<Omit<Suspect, 'source'>> & { source?: Partial<Suspect['source']> } = {},
): Suspect {
  const now = more.now ?? NOW;
  const verdict = provider.verify(request, secrets, now, source?.toleranceMs ?? undefined);
  return {
    provider,
    request,
    secrets,
    others: [],
    providers: providers.values(),
    now,
    reason: verdict.verified ? 'verified' : verdict.reason,
    detail: null,
    source: {
      name: 'orders',
      path: '/webhook/orders',
      aliases: [],
      publicUrl: null,
      toleranceMs: null,
      ...source,
    },
    ...more,
  };
}

/** All of its steps at once. */
export function examined(of: Suspect): Examined {
  const steps = diagnose(of);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

export function githubSigned(body: string | Uint8Array, secret: string): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
}
