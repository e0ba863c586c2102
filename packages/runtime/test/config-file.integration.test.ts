import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { KnownProviders } from '@ackline/shared/config/load-config';
import { readConfigFile } from '../src/config-file.ts';

const providers: KnownProviders = new Map([
  [
    'telegram',
    {
      contentTypes: [],
      signsUrl: true,
      toleranceMs: null,
      overLimit: 'reject' as const,
      checkSecret: () => true as const,
    },
  ],
]);
const TEXT = 'sources: [{ name: a, provider: telegram, path: /a, secrets: [{ env: TOKEN }] }]\n';

const OPTIONS = { providers, production: false };

describe('readConfigFile', () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'ackline-config-'));
  });
  after(() => rmSync(directory, { recursive: true }));

  const write = (content: string | Uint8Array) => {
    const path = join(directory, 'ackline.yaml');
    writeFileSync(path, content);
    return path;
  };

  it('reads a file, also one that begins with a byte order mark', async () => {
    assert.equal((await readConfigFile(write(TEXT), OPTIONS)).sources[0]?.name, 'a');
    assert.equal((await readConfigFile(write(`\ufeff${TEXT}`), OPTIONS)).sources[0]?.name, 'a');
  });

  it('names the file in each error', async () => {
    const path = write('sources: 1\n');
    await assert.rejects(readConfigFile(path, OPTIONS), {
      code: 'ACKLINE_CONFIG_INVALID',
      message: `${path}:1:10  sources: must be a list of sources`,
    });
  });

  it('tells a file that there is not from one with errors', async () => {
    const path = join(directory, 'nowhere.yaml');
    await assert.rejects(readConfigFile(path, OPTIONS), {
      code: 'ACKLINE_CONFIG_UNREADABLE',
      message: `${path}: can not be read (ENOENT)`,
    });
  });

  it('refuses a directory, text that is no UTF-8, and a device without end', async () => {
    await assert.rejects(readConfigFile(directory, OPTIONS), { message: /can not be read \(EISDIR\)/ });
    await assert.rejects(readConfigFile(write(Buffer.from([0xff, 0xfe])), OPTIONS), {
      message: /is no UTF-8 text/,
    });
    await assert.rejects(readConfigFile('/dev/zero', OPTIONS), {
      message: '/dev/zero: is over 1048576 bytes',
    });
  });
});
