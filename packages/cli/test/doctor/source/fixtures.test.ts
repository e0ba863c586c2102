import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { analyseSources } from '../../../src/doctor/source/analyse-sources.ts';
import { parseModule, type SourceText } from '../../../src/doctor/source/parse-module.ts';

const FOLDER = new URL('fixtures/', import.meta.url);
const CHECKS = {
  blocking: ['source-blocking-call', 'source-blocking-io'],
  clients: ['source-client-per-call'],
  awaits: ['source-missing-await'],
  caches: ['source-unbounded-cache'],
} as const;
/** Of each kind, for each check. */
const LEAST_FILES = 10;
const EXPECTED = /\/\/ expect: ([a-z-]+(?:, [a-z-]+)*)$/;

interface Counted {
  files: number;
  expected: number;
  hits: number;
  readonly missed: string[];
  readonly falseAlarms: string[];
}

function read(check: string, kind: string): readonly SourceText[] {
  const folder = new URL(`${check}/${kind}/`, FOLDER);
  return readdirSync(folder).map(file => ({
    path: `/${check}/${kind}/${file.replace(/\.txt$/, '')}`,
    text: readFileSync(new URL(file, folder), 'utf8'),
  }));
}

/** Each file alone, as if it were all that there is; and by all checks, so that one may raise a false alarm in the files of another. */
function count(texts: readonly SourceText[]): Counted {
  const counted: Counted = { files: texts.length, expected: 0, hits: 0, missed: [], falseAlarms: [] };
  for (const source of texts) {
    const { findings, problems } = analyseSources([parseModule(source)]);
    assert.deepEqual(problems, []);
    const found = new Set(findings.map(({ id, line }) => `${source.path}:${line} ${id}`));
    for (const [index, line] of source.text.split('\n').entries()) {
      for (const id of EXPECTED.exec(line)?.[1]?.split(', ') ?? []) {
        const place = `${source.path}:${index + 1} ${id}`;
        counted.expected += 1;
        if (found.delete(place)) counted.hits += 1;
        else counted.missed.push(place);
      }
    }
    counted.falseAlarms.push(...found);
  }
  return counted;
}

describe('the four checks of handler sources, on files of real bots', () => {
  for (const [check, ids] of Object.entries(CHECKS)) {
    describe(check, () => {
      it('finds every fault, and none in harmless files', t => {
        const faulty = count(read(check, 'true'));
        const harmless = count(read(check, 'harmless'));
        t.diagnostic(
          `${ids.join(', ')}: ${faulty.hits} of ${faulty.expected} faults in ${faulty.files} files; ` +
            `${faulty.falseAlarms.length + harmless.falseAlarms.length} false alarms in these and ${harmless.files} harmless files`,
        );
        assert.ok(faulty.files >= LEAST_FILES && harmless.files >= LEAST_FILES);
        assert.equal(harmless.expected, 0);
        assert.deepEqual(faulty.missed, []);
        assert.deepEqual([...faulty.falseAlarms, ...harmless.falseAlarms], []);
      });
    });
  }
});
