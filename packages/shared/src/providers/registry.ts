import type { Configurable, Provider } from '../provider.ts';
import { discord } from './discord.ts';
import { generic } from './generic.ts';
import { github } from './github.ts';
import { gitlab } from './gitlab.ts';
import { line } from './line.ts';
import { linear } from './linear.ts';
import { meta } from './meta.ts';
import { paddle } from './paddle.ts';
import { paypal } from './paypal.ts';
import { respondio } from './respondio.ts';
import { sendgrid } from './sendgrid.ts';
import { shopify } from './shopify.ts';
import { slack } from './slack.ts';
import { square } from './square.ts';
import { standardWebhooks } from './standard-webhooks.ts';
import { stripe } from './stripe.ts';
import { svix } from './svix.ts';
import { telegram } from './telegram.ts';
import { twilio } from './twilio.ts';
import { zoom } from './zoom.ts';
import { viber } from './viber.ts';

/** Every provider that a source can name, by name, and `generic`. A Map, so that no inherited name is found in it. */
export const providers: ReadonlyMap<string, Provider> = new Map(
  [
    discord,
    github,
    gitlab,
    line,
    linear,
    meta,
    paddle,
    paypal,
    respondio,
    sendgrid,
    shopify,
    slack,
    square,
    standardWebhooks,
    stripe,
    svix,
    telegram,
    twilio,
    viber,
    zoom,
    // Last, since a request is said to be of the first one whose proof it has, and its header may be another's.
    generic,
  ].map(provider => [provider.name, provider]),
);

/** What a source says of its provider. */
export interface ProviderChoice {
  readonly provider: string;
  /** As ackline.yaml has them; null or undefined: none. */
  readonly options: unknown;
}

/**
 * The provider of a source, with the rules that its options state. Undefined where its name is not known, or the options are not
 * for it: the configuration names such mistakes with a line, so nothing is thrown here. `known`: others than all of the registry.
 */
export function providerOf(source: ProviderChoice): Provider | undefined;
export function providerOf<Known extends Pick<Provider, 'configurable'>>(
  source: ProviderChoice,
  known: ReadonlyMap<string, Known>,
): Known | Provider | undefined;
export function providerOf(
  { provider, options }: ProviderChoice,
  known: ReadonlyMap<string, Pick<Provider, 'configurable'>> = providers,
): Pick<Provider, 'configurable'> | undefined {
  const named = known.get(provider);
  if (named === undefined || options === null || options === undefined) return named;
  return named.configurable === undefined ? undefined : configured(named.configurable, options);
}

/** By provider and options: it is asked for each event, and the options of a source are one object as long as it is configured. */
const made = new WeakMap<Configurable, WeakMap<object, Provider>>();

function configured(configurable: Configurable, options: unknown): Provider | undefined {
  if (typeof options !== 'object' || options === null) return undefined;
  const ofIt = made.get(configurable) ?? new WeakMap<object, Provider>();
  made.set(configurable, ofIt);
  const earlier = ofIt.get(options);
  if (earlier !== undefined) return earlier;
  if (!configurable.schema.safeParse(options).success) return undefined;
  const provider = configurable.with(options);
  ofIt.set(options, provider);
  return provider;
}
