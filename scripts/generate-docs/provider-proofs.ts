import { readFileSync } from 'node:fs';

/** What each provider was proven with, by its name. `{package}`: one that the tests depend on, with the version that they have. */
export const providerProofs: Readonly<Record<string, string>> = {
  discord: 'SDK: {discord-interactions}, which only verifies; documentation',
  generic:
    "SDKs: {@octokit/webhooks-methods} and {standardwebhooks}, each with the options that make its rules; a vector of Zendesk's documentation",
  github:
    'SDK: {@octokit/webhooks-methods}; vector of the documentation; payloads of `@octokit/webhooks-examples`',
  gitlab: 'SDK of what it signs by: {standardwebhooks}; source of the server that sends (gitlab-org/gitlab)',
  line: 'SDK: {@line/bot-sdk}, which only verifies',
  linear: 'SDK: {@linear/sdk}, which only verifies',
  meta: "signer of Meta's SDK {whatsapp}, documentation",
  paddle: 'SDK: {@paddle/paddle-node-sdk}, which only verifies',
  paypal:
    "the request and the certificate that PayPal's sandbox signed it with, of the tests of `PayPal-Java-SDK`, which was taken once by hand; " +
    'the source of the SDKs for Java, .NET and Python; documentation. None of these SDKs is for Node',
  respondio: "third parties' code; vectors by another program",
  sendgrid: 'SDK: {@sendgrid/eventwebhook}, which only verifies; its vector',
  shopify: 'SDK: {@shopify/shopify-api}, which only verifies',
  slack: 'SDK: {@slack/bolt}, which only verifies; vector of the documentation',
  square:
    'documentation; vectors that the SDK `square` 46.0.0 took, which is too large to be a dependency of the tests',
  'standard-webhooks':
    'SDK: {standardwebhooks}; vector of the documentation; the specification; of `v1a` its example',
  stripe: 'SDK: {stripe}',
  svix: 'SDK: {svix}; of `v1a` vector of its server',
  telegram:
    'source of the server that sends (tdlib/telegram-bot-api), Bot API documentation; updates of every kind that {@grammyjs/types} has, each of its type',
  twilio: 'SDK: {twilio}',
  viber:
    'documentation; vectors that the SDK `viber-bot` 1.0.18 took, whose own dependencies are too old to be ones of the tests',
  zoom: 'SDK: {@zoom/rivet}, which only verifies, and signs its own writing of the JSON',
};

const { devDependencies } = JSON.parse(
  readFileSync(new URL('../../packages/shared/package.json', import.meta.url), 'utf8'),
) as { readonly devDependencies: Readonly<Record<string, string>> };

/** With the versions. Throws where a provider has none, or a package is none of the tests'. */
export function proofOf(provider: string): string {
  const proof = providerProofs[provider];
  if (proof === undefined) throw new Error(`provider-proofs.ts has no row for ${provider}`);
  return proof.replaceAll(/\{(.+?)\}/g, (_, name: string) => {
    const version = devDependencies[name];
    if (version === undefined) throw new Error(`${provider}: ${name} is no dependency of the tests`);
    return `\`${name}\` ${version}`;
  });
}
