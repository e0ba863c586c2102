import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { missingEntries } from '../complete-lockfile.ts';

describe('the lockfile', () => {
  it('gets the packages of other platforms that npm left out, with their platform', () => {
    const packages = {
      'node_modules/tool': {
        version: '1.0.0',
        dev: true,
        optionalDependencies: {
          '@tool/linux-x64-musl': '1.0.0',
          '@tool/darwin-arm64': '1.0.0',
          'tool-windows-64': '1.0.0',
        },
      },
      'node_modules/@tool/darwin-arm64': { version: '1.0.0' },
    };
    const common = { version: '1.0.0', dev: true, optional: true, cpu: ['x64'] };
    assert.deepEqual(missingEntries(packages), [
      ['node_modules/@tool/linux-x64-musl', { ...common, libc: ['musl'], os: ['linux'] }],
      ['node_modules/tool-windows-64', { ...common, os: ['win32'] }],
    ]);
  });

  it('finds an entry beside its parent, above it, or of a workspace', () => {
    const wants = { version: '1.0.0', optionalDependencies: { 'x-linux-x64': '1.0.0' } };
    const found = { version: '1.0.0' };
    assert.deepEqual(
      missingEntries({ 'node_modules/a': wants, 'node_modules/a/node_modules/x-linux-x64': found }),
      [],
    );
    assert.deepEqual(
      missingEntries({
        'node_modules/a/node_modules/b': wants,
        'node_modules/a/node_modules/x-linux-x64': found,
      }),
      [],
    );
    assert.deepEqual(missingEntries({ 'packages/a': wants, 'node_modules/x-linux-x64': found }), []);
  });

  it('does not guess a platform', () => {
    const packages = { '': { optionalDependencies: { fsevents: '2.0.0' } } };
    assert.throws(() => missingEntries(packages), /lacks fsevents@2\.0\.0/);
  });
});
