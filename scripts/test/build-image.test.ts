import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { dockerfileNodeImage, ROOT, shortInstruction } from '../image/build-image.ts';

describe('the Dockerfile', () => {
  const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');

  it('has the Node that everything else has', () => {
    const node = readFileSync(join(ROOT, '.node-version'), 'utf8').trim();
    assert.equal(dockerfileNodeImage(dockerfile), `node:${node}-slim`);
    const { optionalDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    for (const [name, version] of Object.entries(optionalDependencies)) {
      if (name.startsWith('node-')) assert.equal(version, node, name);
    }
  });

  it('has each stage on that Node, and asks nothing of a builder that the classic one lacks', () => {
    const from = dockerfile.match(/^FROM .*$/gm) ?? [];
    assert.ok(from.length > 1);
    for (const line of from) assert.match(line, /^FROM \$\{NODE_IMAGE\}( AS [a-z]+)?$/);
    assert.doesNotMatch(dockerfile, /^# *syntax=|RUN --|COPY --(?!from=)|<</m);
    assert.doesNotMatch(dockerfile, /x64|x86|amd64/);
  });
});

describe('the instruction of a layer', () => {
  it('is shown without what a builder puts around it', () => {
    const digest = '0123456789abcdef'.repeat(4);
    assert.equal(
      shortInstruction(`/bin/sh -c #(nop) COPY dir:${digest} in ./packages `),
      'COPY dir:0123456789ab in ./packages',
    );
    assert.equal(shortInstruction('COPY /app ./ # buildkit'), 'COPY /app ./');
  });
});
