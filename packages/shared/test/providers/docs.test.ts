import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';

import { providers } from '../../src/providers/registry.ts';
import { secretsOf, signedSample } from './requests.ts';

const page = readFileSync(new URL('../../../../docs/providers.md', import.meta.url), 'utf8');
const [, ...sections] = page.split(/^## /m);

describe('docs/providers.md', () => {
  it('has one section for each provider, in the order of the registry', () => {
    const titles = sections.map(section => section.slice(0, section.indexOf('\n')));
    assert.deepEqual(titles, [...providers.keys()]);
  });

  it('says of each provider what it was proven with', () => {
    const rows = [...page.matchAll(/^\| ([a-z-]+) \| (.+) \|$/gm)].filter(([, name]) =>
      providers.has(name ?? ''),
    );
    assert.deepEqual(
      rows.map(([, name]) => name),
      [...providers.keys()],
    );
  });

  for (const [index, provider] of [...providers.values()].entries()) {
    it(`states the content types, proof header, bearer rule and answer of ${provider.name} as the code has them`, () => {
      const section = sections[index] ?? '';
      const row = (title: string) => section.split('\n').find(line => line.startsWith(`| ${title} |`)) ?? '';
      assert.equal(
        row('Content types'),
        `| Content types | ${provider.contentTypes.map(type => `\`${type}\``).join(', ')} |`,
      );

      const sample = signedSample(provider, secretsOf(provider)[0]);
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

function durationText(ms: number): string {
  return ms > 60_000 ? `${ms / 60_000} minutes` : `${ms / 1_000} seconds`;
}
