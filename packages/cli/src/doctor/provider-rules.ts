import type { SourceConfig } from '@ackline/shared/config/types';

/** How a provider takes it when its webhook answers late, or an error. */
export interface ProviderRules {
  /** How long it waits for an answer; of respond.io that is what its users report. */
  readonly waitsMs: number;
  /** It disables a webhook that fails, and a person has to enable it. */
  readonly disables: boolean;
  /** It sends an event again that was not answered 2xx. */
  readonly sendsAgain: boolean;
}

const RULES: Readonly<Record<string, ProviderRules>> = {
  telegram: { waitsMs: 60_000, disables: false, sendsAgain: true },
  twilio: { waitsMs: 15_000, disables: false, sendsAgain: false },
  respondio: { waitsMs: 5_000, disables: true, sendsAgain: false },
};

/** null: nothing is known of this provider. */
export function rulesOf({ provider }: Pick<SourceConfig, 'provider'>): ProviderRules | null {
  return RULES[provider] ?? null;
}
