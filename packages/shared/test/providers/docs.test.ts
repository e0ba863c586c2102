import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';

import { loadConfig } from '../../src/config/load-config.ts';
import { durationText } from '../../src/config/provider-defaults.ts';
import { providerOf, providers } from '../../src/providers/registry.ts';
import { identityOf, keysOf, NOW, post, signedSample } from './support/requests.ts';

const SECRET = 'a-secret_of-32-characters-012345';

const page = readFileSync(new URL('../../../../docs/providers.md', import.meta.url), 'utf8');
const [, ...sections] = page.split(/^## /m);

describe('docs/providers.md', () => {
  it('has one section for each provider, in the order of the registry', () => {
    const titles = sections.map(section => section.slice(0, section.indexOf('\n')));
    assert.deepEqual(titles, [...providers.keys()]);
  });

  for (const [index, provider] of [...providers.values()].entries()) {
    it(`states the content types, proof header, bearer rule and answer of ${provider.name} as the code has them`, () => {
      const section = sections[index] ?? '';
      const row = (title: string) => rowOf(section, title);
      assert.equal(
        row('Content types'),
        `| Content types | ${provider.contentTypes.map(type => `\`${type}\``).join(', ')} |`,
      );

      const sample = signedSample(provider, keysOf(provider)[0].signingKey);
      assert.ok(row('Proof').startsWith(`| Proof | \`${provider.proofHeaders[0]}\``), row('Proof'));
      assert.equal(
        row('Tolerance'),
        provider.toleranceMs === null
          ? ''
          : `| Tolerance | ${durationText(provider.toleranceMs)}, before and after |`,
      );
      assert.equal(row('Kept header') !== '', provider.bearerHeaders.length > 0);

      const answer = provider.answer(sample);
      const { status, contentType, body } = answer;
      const shown = contentType === null ? `${status}, empty` : `${status} \`${contentType}\` \`${body}\``;
      assert.ok(row('Answer').includes(shown), row('Answer'));
      assert.equal(row('Challenge') !== '', provider.challenge !== undefined);
      assert.equal(row('Handshake') !== '', provider.handshake !== undefined);
      assert.equal(row('Look') !== '', provider.unsigned !== undefined);
    });
  }
});

describe('the Sender rows', () => {
  for (const [index, { name, rules }] of [...providers.values()].entries()) {
    if (name === 'generic') continue; // nobody knows who sends
    it(`say of ${name} how long it waits, whether it sends again and whether it disables a webhook, as its rules do`, () => {
      const row = rowOf(sections[index] ?? '', 'Sender');
      assert.match(
        row,
        new RegExp(`(?:waits |waits some seconds, |not stated, )${rules.waitsMs / 1_000} `),
        row,
      );
      assert.equal(/never sends again|sends again only where/.test(row), !rules.sendsAgain, row);
      assert.equal(/(?:until a person enables|has to (?:enable|make)) /.test(row), rules.disables, row);
    });
  }
});

describe('what is said of v1a', () => {
  it('names as many signatures as are looked at', () => {
    const [, word = ''] = /of `v1a` one of the first (\w+)\)/.exec(page) ?? [];
    const looked = ['none', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight'].indexOf(word);
    const provider = providers.get('standard-webhooks');
    const keys = provider?.makeKeys?.();
    assert.ok(provider && keys && looked > 0);
    const request = signedSample(provider, keys.signingKey);
    const isTakenBehind = (others: number) => {
      const wrong = `v1a,${Buffer.alloc(64).toString('base64')} `.repeat(others);
      const headers = request.headers.map(
        ([header, value]) =>
          [header, header === 'webhook-signature' ? wrong + value : value] as [string, string],
      );
      return provider.verify({ ...request, headers }, [keys.secret], NOW).verified;
    };
    assert.deepEqual([isTakenBehind(looked - 1), isTakenBehind(looked)], [true, false]);
  });
});

describe('the examples of generic', () => {
  const blocks = [...page.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text = '']) => text);
  const config = loadConfig(`sources:\n${blocks.map(block => block.replace('sources:\n', '')).join('')}`, {
    fileName: 'providers.md',
    providers,
    production: true,
  });

  it('are sources that may stand in one file', () => {
    assert.deepEqual(
      config.sources.map(({ name, toleranceMs }) => [name, toleranceMs]),
      [
        ['billing', null],
        ['gitea', null],
        ['zendesk', 120_000],
        ['alarms', null],
      ],
    );
  });

  for (const source of config.sources) {
    it(`prove what is sent to ${source.name}, with a dedup key`, () => {
      const provider = providerOf(source);
      assert.ok(provider);
      const request = signedSample(provider, SECRET);
      assert.ok(provider.verify(request, [SECRET], NOW, source.toleranceMs ?? undefined).verified);
      const identity = identityOf(provider, request);
      assert.notEqual(identity.dedupKey, null);
      assert.equal(identity.type === 'unknown', false);
      assert.equal(identity.orderingKey !== null, ['billing', 'gitea'].includes(source.name));
    });
  }

  it('are Gitea as its push looks', () => {
    const gitea = config.sources.find(({ name }) => name === 'gitea');
    const provider = gitea === undefined ? undefined : providerOf(gitea);
    assert.ok(provider);
    const body = '{"ref":"refs/heads/develop","repository":{"id":140}}';
    const request = post(
      [
        ['Content-Type', 'application/json'],
        ['X-Gitea-Delivery', 'f6266f16-1bf3-46a5-9ea4-602e06ead473'],
        ['X-Gitea-Event', 'push'],
        ['X-Gitea-Signature', createHmac('sha256', SECRET).update(body).digest('hex')],
      ],
      body,
    );
    assert.ok(provider.verify(request, [SECRET], NOW).verified);
    const { type, orderingKey } = identityOf(provider, request);
    assert.deepEqual([type, orderingKey], ['push', '140']);
  });
});

function rowOf(section: string, title: string): string {
  return section.split('\n').find(line => line.startsWith(`| ${title} |`)) ?? '';
}
