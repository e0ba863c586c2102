import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import { NODE_ARGUMENTS } from '@ackline/runtime/node-arguments';
import { chooseProgram } from '../../src/image/choose-program.ts';
import { nodeCommand } from '../../src/image/launch.ts';

describe('the programs of the image', () => {
  for (const name of ['ingress', 'processor', 'console']) {
    it(`starts ${name} by its name`, () => {
      const { entry, args } = chooseProgram([name]);
      assert.match(entry, new RegExp(`services/${name}/src/main\\.ts$`));
      assert.ok(existsSync(entry));
      assert.deepEqual(args, []);
    });
  }

  it('refuses words behind a service, which would be ignored', () => {
    assert.throws(() => chooseProgram(['ingress', '--port', '80']), { code: 'ACKLINE_USAGE' });
  });

  it('gives all other words to ackline, named or not', () => {
    const cli = chooseProgram(['spool', 'drain']);
    assert.match(cli.entry, /packages\/cli\/src\/main\.ts$/);
    assert.ok(existsSync(cli.entry));
    assert.deepEqual(cli.args, ['spool', 'drain']);
    assert.deepEqual(chooseProgram(['ackline', 'spool', 'drain']), cli);
    assert.deepEqual(chooseProgram(['ackline', 'ingress']).args, ['ingress']);
    assert.deepEqual(chooseProgram([]).args, []);
  });

  it('has the flags of a service from the one place that has them, before the program', () => {
    const [node, ...args] = nodeCommand(['ingress']);
    assert.equal(node, process.execPath);
    assert.deepEqual(args.slice(0, NODE_ARGUMENTS.length), NODE_ARGUMENTS);
    assert.equal(args.at(-1), chooseProgram(['ingress']).entry);
  });
});
