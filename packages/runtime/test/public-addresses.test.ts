import assert from 'node:assert/strict';
import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { describe, it } from 'node:test';
import { isPublicAddress, onlyPublic } from '../src/public-addresses.ts';

describe('addresses of the internet', () => {
  it('are none of own networks, machines, documents and many at once, in all their spellings', () => {
    const inside = [
      '0.0.0.0',
      '10.1.2.3',
      '100.64.0.1',
      '127.0.0.1',
      '168.63.129.16',
      '169.254.169.254',
      '172.16.0.1',
      '172.31.255.255',
      '192.168.0.1',
      '198.18.0.1',
      '224.0.0.1',
      '240.0.0.1',
      '255.255.255.255',
      '::',
      '::1',
      'fe80::1',
      'fc00::1',
      'fd12::1',
      'ff02::1',
      '2001:db8::1',
      '2002:0a00:0001::',

      '::ffff:10.0.0.1',
      '::ffff:a00:1',
      '64:ff9b::10.0.0.1',
      '64:ff9b::7f00:1',
      '64:ff9b::168.63.129.16',
      '64:ff9b:1::1',
      'name',
      '',
    ];
    assert.deepEqual(inside.filter(isPublicAddress), []);
  });

  it('are all others', () => {
    const outside = [
      '1.1.1.1',
      '172.15.0.1',
      '172.32.0.1',
      '100.128.0.1',
      '168.63.129.15',
      '2606:4700::1111',
      '64:ff9b::1.1.1.1',
    ];
    assert.deepEqual(outside.filter(isPublicAddress), outside);
  });

  describe('alone are given by a lookup', () => {
    const of = (addresses: readonly string[], all: boolean): Promise<unknown> => {
      const found: LookupAddress[] = addresses.map(address => ({ address, family: 4 }));
      const lookup: LookupFunction = (_name, options, callback) =>
        options.all ? callback(null, found) : callback(null, found[0]?.address ?? '', 4);
      return new Promise((resolve, reject) =>
        onlyPublic(lookup)('a.example.com', { all }, (error, given) =>
          error ? reject(error) : resolve(given),
        ),
      );
    };

    it('that finds no other', async () => {
      assert.equal(await of(['1.1.1.1'], false), '1.1.1.1');
      assert.deepEqual(await of(['1.1.1.1', '1.0.0.1'], true), [
        { address: '1.1.1.1', family: 4 },
        { address: '1.0.0.1', family: 4 },
      ]);
    });

    it('and none where one is of the inside', async () => {
      await assert.rejects(of(['10.0.0.1'], false), { code: 'NOT_PUBLIC' });
      await assert.rejects(of(['1.1.1.1', '10.0.0.1'], true), { code: 'NOT_PUBLIC' });
    });

    it('and it fails as it did', async () => {
      const fails: LookupFunction = (_name, _options, callback) =>
        callback(Object.assign(new Error('none'), { code: 'ENOTFOUND' }), []);
      const told = new Promise((_resolve, reject) =>
        onlyPublic(fails)('a.example.com', { all: true }, error => reject(error)),
      );
      await assert.rejects(told, { code: 'ENOTFOUND' });
    });
  });
});
