import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';

import type { Provider } from '../../src/provider.ts';
import { providerOf, providers } from '../../src/providers/registry.ts';
import { testEveryProvider } from './support/every-provider.ts';

describe('the registry', () => {
  it('finds the providers by name and nothing that a map or object inherits', () => {
    // Which ones there are is held by the sections of docs/providers.md.
    const named = [...providers.keys()].filter(name => name !== 'generic');
    assert.deepEqual([...providers.keys()], [...named.toSorted(), 'generic']);
    for (const [name, provider] of providers)
      for (const options of [null, undefined])
        assert.equal(providerOf({ provider: name, options }), provider);
    for (const name of ['', 'Telegram', '__proto__', 'constructor', 'toString', 'get'])
      assert.equal(providerOf({ provider: name, options: null }), undefined);
  });
});

describe('how a provider bears refusals', () => {
  for (const { name, overLimit, rules } of providers.values()) {
    it(`never loses an event of ${name} over a limit, where it does not come again`, () => {
      assert.ok(rules.sendsAgain || overLimit === 'defer');
    });

    it(`says of ${name} how many failures it bears only where these disable its webhook`, () => {
      assert.ok(rules.bears === undefined || rules.disables);
    });
  }
});

describe('the provider of a source', () => {
  const header = { header: 'X-Signature' };

  it('is what its options make of it, and the same one as long as they are the same', () => {
    const made = providerOf({ provider: 'generic', options: header });
    assert.equal(made?.proofHeaders[0], 'X-Signature');
    assert.equal(providerOf({ provider: 'generic', options: header }), made);
    const other = providerOf({ provider: 'generic', options: { ...header } });
    assert.notEqual(other, made);
    assert.equal(providers.get('generic')?.proofHeaders[0], 'X-Webhook-Signature');
  });

  it('is none with options that are not for it: they are never left aside', () => {
    for (const options of [header, {}]) assert.equal(providerOf({ provider: 'github', options }), undefined);
    for (const options of [{ headre: 'X' }, { header: 5 }, 'X-Signature', 5, true, []])
      assert.equal(providerOf({ provider: 'generic', options }), undefined, JSON.stringify(options));
  });

  it('is made by the provider that is named, where two sources share one map of options', () => {
    const madeBy = (name: string): Pick<Provider, 'name' | 'configurable'> => ({
      name,
      configurable: {
        schema: z.looseObject({}),
        with: () => ({ ...(providers.get('generic') as Provider), name: `made by ${name}` }),
      },
    });
    const known = new Map([madeBy('one'), madeBy('two')].map(one => [one.name, one]));
    const names = ['one', 'two', 'one'].map(
      provider => providerOf({ provider, options: header }, known)?.name,
    );
    assert.deepEqual(names, ['made by one', 'made by two', 'made by one']);
  });
});

/** One without an id of its events gives them none. */
const asTested = ({ configurable, ...provider }: Provider): Provider =>
  configurable === undefined ? provider : configurable.with({ id: 'X-Event-Id' });

for (const provider of providers.values()) testEveryProvider(asTested(provider));
