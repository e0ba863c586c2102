import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { providers } from '@ackline/shared/providers/registry';
import { CHART, describeChart, MINIMAL, refusalOf } from './support/chart.ts';

const folder = join(CHART, 'tests', 'refused');
const files = readdirSync(folder).sort();

/** The first line says what helm has to answer. */
function expectedOf(path: string): string {
  const [first = ''] = readFileSync(path, 'utf8').split('\n');
  assert.match(first, /^# ./);
  return first.slice(2);
}

describeChart('values that are wrong or unsafe', () => {
  it('are more than twenty', () => assert.ok(files.length >= 20));

  for (const file of files) {
    it(`are refused with the sentence that says what to change: ${file}`, () => {
      const path = join(folder, file);
      const refusal = refusalOf(MINIMAL, path);
      assert.equal(refusal.length, 1, 'it is refused for that alone');
      const [said = ''] = refusal;
      const expected = expectedOf(path);
      // The schema's words stand in a list of helm's.
      if (said.includes('\n')) assert.ok(said.includes(expected), said);
      else assert.equal(said, expected);
    });
  }

  it('are also those of each provider that signs the URL, without it', () => {
    const names = [...providers.values()].filter(({ signsUrl }) => signsUrl).map(({ name }) => name);
    for (const name of [...names, 'generic']) assert.ok(files.includes(`signed-url-of-${name}.yaml`), name);
  });

  it('are all told at once', () => {
    const refusal = refusalOf();
    assert.deepEqual(
      refusal.map(sentence => sentence.split(' ')[0]),
      ['image.repository', 'database.existingSecret', 'config'],
    );
  });
});
