import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { providers } from '@ackline/shared/providers/registry';
import { bareChecks } from '../../src/providers/bare-checks.ts';
import { type ProviderFigures, runProvidersBench } from '../../src/providers/providers-bench.ts';
import { providersReport } from '../../src/providers/providers-report.ts';

const quiet = () => undefined;

describe('the bench of providers', () => {
  it('has a bare check for every provider, and for none that there is not', () => {
    assert.deepEqual([...bareChecks.keys()].toSorted(), [...providers.keys()].toSorted());
  });

  it('proves the samples of each both ways, and keeps the rounds that count', () => {
    const options = { providers: [...providers.values()], bareChecks, rounds: 2, requests: 70, say: quiet };
    const figures = runProvidersBench(options);
    assert.deepEqual(
      figures.map(({ name }) => name),
      [...providers.keys()],
    );
    for (const { name, ours, bare, bodyBytes } of figures) {
      assert.deepEqual([ours.length, bare.length], [2, 2], name);
      assert.ok(bodyBytes > 0);
    }
  });

  it('throws where a bare check proves another thing than the provider does', () => {
    const never = new Map([['github', { what: 'nothing', prepare: () => () => false }]]);
    const github = [...providers.values()].filter(({ name }) => name === 'github');
    const options = { providers: github, bareChecks: never, rounds: 1, requests: 3, say: quiet };
    assert.throws(() => runProvidersBench(options), /3 of 3 samples were not proven/);
  });

  it('says of a provider without a bare check that there is none', () => {
    const said: string[] = [];
    const options = { providers: [...providers.values()], bareChecks: new Map(), rounds: 1, requests: 1 };
    assert.deepEqual(runProvidersBench({ ...options, say: line => said.push(line) }), []);
    assert.ok(said.includes('stripe: no bare check is known'));
  });

  it('reports medians, their ratio, and how far a program differs from itself', () => {
    const figures: ProviderFigures = {
      name: 'github',
      what: 'HMAC-SHA256, hex',
      bodyBytes: 300,
      ours: [9, 6, 12],
      bare: [3, 2, 3],
    };
    const row = providersReport([figures]).split('\n').at(-1);
    assert.equal(row, '| github | 300 | 9.00 | HMAC-SHA256, hex | 3.00 | 3.00 | 2.00 |');
  });
});
