import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { discord } from '../../../src/providers/discord.ts';
import { ed25519PublicKey } from '../../../src/providers/proof/key-pairs.ts';
import { NOW, post } from '../support/requests.ts';

/** As libsodium lists them: the points of small order of Ed25519, as they can be written, without their sign. */
const SMALL_ORDER = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
];
/** R is the neutral point and S is zero: made without any key. */
const FORGED = Buffer.from(`01${'00'.repeat(63)}`, 'hex');
/** Of an order of 8 one in eight bodies fits. */
const TRIES = 40;

const withSign = (hex: string) =>
  `${hex.slice(0, 62)}${(Number.parseInt(hex.slice(62), 16) | 0x80).toString(16)}`;

describe('a public key of Ed25519', () => {
  it('is none under which anybody can sign without a key, though it may look like one', () => {
    for (const publicKey of SMALL_ORDER.flatMap(hex => [hex, withSign(hex)]))
      for (let number = 0; number < TRIES; number += 1) {
        const body = JSON.stringify({ id: String(number) });
        const headers = [
          ['X-Signature-Ed25519', FORGED.toString('hex')],
          ['X-Signature-Timestamp', String(NOW / 1_000)],
        ] as const;
        assert.ok(!discord.verify(post(headers, body), [publicKey], NOW).verified, publicKey);
      }
  });

  it('has 32 bytes', () => {
    for (const length of [0, 31, 33, 64]) assert.equal(ed25519PublicKey(Buffer.alloc(length, 7)), null);
    assert.notEqual(ed25519PublicKey(Buffer.alloc(32, 7)), null);
  });
});
