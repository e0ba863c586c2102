import type { Provider } from '../provider.ts';
import { github } from './github.ts';
import { gitlab } from './gitlab.ts';
import { line } from './line.ts';
import { linear } from './linear.ts';
import { meta } from './meta.ts';
import { paddle } from './paddle.ts';
import { respondio } from './respondio.ts';
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

/** Every provider that a source can name. A Map, so that no inherited name is found in it. */
export const providers: ReadonlyMap<string, Provider> = new Map(
  [
    telegram,
    twilio,
    respondio,
    standardWebhooks,
    svix,
    github,
    stripe,
    shopify,
    paddle,
    linear,
    square,
    line,
    slack,
    zoom,
    meta,
    viber,
    gitlab,
  ].map(provider => [provider.name, provider]),
);

/** Undefined where the name is not known: the configuration names its mistake with a line, so nothing is thrown here. */
export function findProvider(name: string): Provider | undefined {
  return providers.get(name);
}
