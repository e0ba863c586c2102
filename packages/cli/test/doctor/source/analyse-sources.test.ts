import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyseSources } from '../../../src/doctor/source/analyse-sources.ts';
import { parseModule } from '../../../src/doctor/source/parse-module.ts';

function analyse(files: Readonly<Record<string, string>>) {
  const { findings, accepted, problems } = analyseSources(
    Object.entries(files).map(([path, text]) => parseModule({ path: `/bot/${path}`, text })),
  );
  return {
    found: findings.map(({ id, path, line }) => `${path.replace('/bot/', '')}:${line} ${id}`),
    findings,
    accepted,
    problems,
  };
}

const API = `import axios from 'axios';
export function createApi() {
  return axios.create({ baseURL: 'https://api.internal' });
}
export async function save(id) {}
`;

describe('several files together', () => {
  it('what one file exports runs as often as the other file calls it', () => {
    const once = analyse({
      'api.js': API,
      'bot.js': `import { createApi } from './api.js';
const api = createApi();
export async function onMessage(ctx) { await api.get('/'); }`,
    });
    assert.deepEqual(once.found, []);
    const often = analyse({
      'api.js': API,
      'bot.js': `import { createApi } from './api.js';
export async function onMessage(ctx) { await createApi().get('/'); }`,
    });
    assert.deepEqual(often.found, ['api.js:3 source-client-per-call']);
  });

  it('names go through other names, files that export from others, and CommonJS', () => {
    const { found } = analyse({
      'store.js': `exports.save = async id => id;\nclass Log { async add() {} }\nmodule.exports.log = new Log();`,
      'index.ts': `export * from './store.js';`,
      'named.ts': `export { save as keep } from './index.ts';`,
      'bot.ts': `import { keep } from './named.js';
import * as all from './index.ts';
const { log } = require('./store');
export async function onMessage(ctx: unknown) {
  keep(1);
  all.save(2);
  log.add();
}`,
    });
    assert.deepEqual(
      found,
      ['bot.ts:5', 'bot.ts:6', 'bot.ts:7'].map(place => `${place} source-missing-await`),
    );
  });

  it('a cache that another file clears is bounded', () => {
    const cache = `export const seen = new Set<number>();
export function onUpdate(id: number) { seen.add(id); }`;
    const growing = analyse({
      'cache.ts': cache,
      'timer.ts': `import { seen } from './cache.ts'; seen.has(1);`,
    });
    assert.deepEqual(growing.found, ['cache.ts:1 source-unbounded-cache']);
    const cleared = analyse({
      'cache.ts': cache,
      'timer.ts': `import { seen } from './cache.ts'; setInterval(() => seen.clear(), 60_000);`,
    });
    assert.deepEqual(cleared.found, []);
  });

  it('files that import and export each other in circles end, and their names are found', () => {
    const { found } = analyse({
      'a.ts': `export * from './b.ts'; export * from './c.ts'; export async function save(id: number) {}`,
      'b.ts': `export * from './a.ts'; export * from './c.ts'; import { y } from './c.ts'; export const x = y;`,
      'c.ts': `export * from './b.ts'; export * from './a.ts'; import { x } from './b.ts'; export const y = x;
import { save } from './b.ts';
export async function onMessage() { save(1); x(); y(); }`,
    });
    assert.deepEqual(found, ['c.ts:3 source-missing-await']);
  });
});

describe('what a file says', () => {
  const faulty = `import { readFileSync } from 'node:fs';
export async function onMessage(ctx) {
  readFileSync('a');
  readFileSync('b');
}`;

  it('a comment accepts a finding of one kind at one line, and is counted', () => {
    const same = analyse({
      'a.js': faulty.replace("('a');", "('a'); // ackline-accept source-blocking-io: once a day"),
    });
    assert.deepEqual([same.found, same.accepted], [['a.js:4 source-blocking-io'], 1]);
    const above = analyse({
      'a.js': faulty.replace(
        "  readFileSync('b')",
        "  // ackline-accept source-blocking-io\n  readFileSync('b')",
      ),
    });
    assert.deepEqual([above.found, above.accepted], [['a.js:3 source-blocking-io'], 1]);
    const other = analyse({
      'a.js': faulty.replace("('a');", "('a'); // ackline-accept source-missing-await"),
    });
    assert.equal(other.found.length, 2);
  });

  it('tells what a reader needs: the place, and the function', () => {
    const { findings } = analyse({
      'a.ts': 'const byChat = new Map();\n  export function onText(id: number) { byChat.set(id, 1); }',
    });
    assert.deepEqual(findings, [
      {
        id: 'source-unbounded-cache',
        path: '/bot/a.ts',
        line: 1,
        column: 7,
        what: 'byChat grows with each event (in onText()), and nothing takes out of it or bounds it',
      },
    ]);
  });

  it('a file that is no program is a problem with its place, and hides no other file', () => {
    const { problems, found } = analyse({ 'broken.ts': 'export function (\n', 'a.js': faulty });
    assert.deepEqual(problems, [
      { path: '/bot/broken.ts', line: 1, column: 17, message: 'Unexpected token' },
    ]);
    assert.equal(found.length, 2);
  });

  it('a text that is nested too deeply is a problem, and nothing ends', () => {
    const { problems } = analyse({ 'deep.js': '('.repeat(200_000), 'list.ts': `x = ${'['.repeat(100_000)}` });
    assert.deepEqual(
      problems.map(({ message }) => message),
      ['it is nested too deeply', 'it is nested too deeply'],
    );
  });

  it('reads what Node and TypeScript bots are written in', () => {
    const { problems } = analyse({
      'a.ts':
        'enum State { Open }\nclass A { constructor(private readonly x: number) {} @log() run(): void {} }',
      'b.tsx': 'export const Page = () => <p>hello</p>;',
      'c.cjs': "'use strict'; return require('./d');",
      'd.mjs': 'const x = await import("./c.cjs"); export default x satisfies',
      'e.js': '\uFEFF#!/usr/bin/env node\nimport x from "./x.json" with { type: "json" };\nusing a = x;',
    });
    assert.deepEqual(
      problems.map(({ path }) => path),
      ['/bot/d.mjs'],
    );
  });
});
