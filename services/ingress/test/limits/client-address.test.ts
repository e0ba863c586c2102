import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { describe, it } from 'node:test';
import { createAddressOf, createIsTrustedPeer, networkOf } from '../../src/limits/client-address.ts';

const request = (remoteAddress: string | undefined, forwarded?: string) =>
  ({
    socket: { remoteAddress },
    headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
  }) as IncomingMessage;

describe('the address of a caller', () => {
  const behind = createAddressOf(['10.0.0.0/8', '2001:db8::/32', '::1']);

  it('is the one of the connection, whatever a header says, where no proxy is declared', () => {
    const addressOf = createAddressOf([]);
    assert.equal(addressOf(request('203.0.113.7', '198.51.100.1')), '203.0.113.7');
    assert.equal(addressOf(request('::ffff:203.0.113.7')), '203.0.113.7');
    assert.equal(addressOf(request(undefined)), 'unknown');
  });

  it('is the forwarded one behind a trusted proxy only', () => {
    assert.equal(behind(request('10.1.2.3', '198.51.100.1')), '198.51.100.1');
    assert.equal(behind(request('::ffff:10.1.2.3', '198.51.100.1')), '198.51.100.1');
    assert.equal(behind(request('2001:db8::5', '2001:470::9')), '2001:470::9');
    assert.equal(behind(request('203.0.113.7', '198.51.100.1')), '203.0.113.7');
  });

  it('is a trusted peer only where the connection itself comes from a declared proxy', () => {
    const isTrustedPeer = createIsTrustedPeer(['10.0.0.0/8', '2001:db8::/32']);
    for (const peer of ['10.1.2.3', '::ffff:10.1.2.3', '2001:db8::5'])
      assert.equal(isTrustedPeer(request(peer)), true);
    for (const peer of ['203.0.113.7', '2001:470::9', undefined])
      assert.equal(isTrustedPeer(request(peer, '10.1.2.3')), false);
    assert.equal(createIsTrustedPeer([])(request('10.1.2.3')), false);
  });

  it('is not what the caller himself wrote before the proxy added to it', () => {
    assert.equal(behind(request('10.1.2.3', '192.0.2.9, 198.51.100.1')), '198.51.100.1');
    assert.equal(behind(request('10.1.2.3', '192.0.2.9, 198.51.100.1, 10.9.9.9')), '198.51.100.1');
  });

  it('is the proxy’s own where it forwards no address', () => {
    for (const forwarded of ['unknown', '', 'x'.repeat(8_000), '1.2.3.4:80']) {
      assert.equal(behind(request('10.1.2.3', forwarded)), '10.1.2.3');
    }
  });
});

describe('what is counted together', () => {
  for (const [address, network] of [
    ['203.0.113.7', '203.0.113.7'],
    ['2001:DB8:0:1:ffff::1', '2001:db8:0:1'],
    ['2001:db8:0:1::2', '2001:db8:0:1'],
    ['2001:0db8:0000:0001:0000:0000:0000:0003', '2001:db8:0:1'],
    ['2001:db8::', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['unknown', 'unknown'],
  ] as const) {
    it(`of ${address} is ${network}`, () => {
      assert.equal(networkOf(address), network);
    });
  }
});
