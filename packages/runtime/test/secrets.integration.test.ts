import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { createSecretReader, type SecretReader } from '../src/secrets.ts';

describe('secrets in files', () => {
  let directory: string;
  let file: string;
  let problems: string[];
  let reader: SecretReader;
  const clock = { ms: 0 };

  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'ackline-secrets-'));
  });
  after(() => rmSync(directory, { recursive: true }));
  beforeEach(() => {
    clock.ms = 1_000_000;
    problems = [];
    file = join(directory, `secret-${Math.random()}`);
    reader = createSecretReader({
      env: {},
      production: true,
      now: () => clock.ms,
      onFileProblem: problem => problems.push(problem),
    });
  });

  const value = () => reader.resolve([{ file }])[0];

  for (const [name, content, expected] of [
    ['one newline at the end', 'abc\n', 'abc'],
    ['a Windows newline at the end', 'abc\r\n', 'abc'],
    ['no newline', 'abc', 'abc'],
    ['spaces that belong to it', ' a b \n', ' a b '],
    ['two newlines, of which one is trimmed', 'abc\n\n', 'abc\n'],
  ] as const) {
    it(`are read with ${name}`, () => {
      writeFileSync(file, content);
      assert.equal(value(), expected);
    });
  }

  it('are taken anew a second after they changed, and not looked at within it', () => {
    writeFileSync(file, 'old');
    assert.equal(value(), 'old');
    writeFileSync(file, 'rotated');
    clock.ms += 999;
    assert.equal(value(), 'old');
    clock.ms += 1;
    assert.equal(value(), 'rotated');
  });

  it('are taken anew when a symbolic link moves to another file', () => {
    writeFileSync(`${file}-1`, 'one');
    writeFileSync(`${file}-2`, 'two');
    symlinkSync(`${file}-1`, file);
    assert.equal(value(), 'one');
    symlinkSync(`${file}-2`, `${file}-link`);
    renameSync(`${file}-link`, file);
    clock.ms += 1_000;
    assert.equal(value(), 'two');
  });

  it('stay in force while the file is gone or empty, and this is told once', () => {
    writeFileSync(file, 'good');
    assert.equal(value(), 'good');
    rmSync(file);
    for (let n = 0; n < 3; n++) {
      clock.ms += 1_000;
      assert.equal(value(), 'good');
    }
    assert.deepEqual(problems, [`file ${file} does not exist; the last good secret stays in force`]);
    writeFileSync(file, '\n');
    clock.ms += 1_000;
    assert.equal(value(), 'good');
    assert.equal(problems.length, 2);
    writeFileSync(file, 'newer');
    clock.ms += 1_000;
    assert.equal(value(), 'newer');
  });

  it('are read again after a reading that failed, though the file looks the same', () => {
    writeFileSync(file, 'old');
    assert.equal(value(), 'old');
    const inTheSecond = new Date(1_700_000_000_000);
    const replace = (text: string) => {
      writeFileSync(file, text);
      utimesSync(file, inTheSecond, inTheSecond);
    };
    replace('     ');
    const looks = statSync(file);
    for (let n = 0; n < 3; n++) {
      clock.ms += 1_000;
      assert.equal(value(), 'old');
    }
    assert.equal(problems.length, 1);
    replace('newer');
    assert.deepEqual([statSync(file).ino, statSync(file).mtimeMs], [looks.ino, looks.mtimeMs]);
    clock.ms += 1_000;
    assert.equal(value(), 'newer');
  });

  it('are told again when the same trouble comes back after a good time', () => {
    writeFileSync(file, 'good');
    value();
    for (let n = 0; n < 2; n++) {
      renameSync(file, `${file}-away`);
      clock.ms += 1_000;
      assert.equal(value(), 'good');
      renameSync(`${file}-away`, file);
      clock.ms += 1_000;
      assert.equal(value(), 'good');
    }
    assert.equal(problems.length, 2);
  });

  it('are found when they appear after the start', () => {
    assert.throws(value, { code: 'ACKLINE_SECRET_MISSING', message: `file ${file} does not exist` });
    writeFileSync(file, 'late');
    clock.ms += 1_000;
    assert.equal(value(), 'late');
  });

  it('are looked at again when the clock was set back', () => {
    writeFileSync(file, 'old');
    value();
    writeFileSync(file, 'rotated');
    clock.ms -= 3_600_000;
    assert.equal(value(), 'rotated');
  });

  for (const [name, content, problem] of [
    ['empty', '', 'is empty'],
    ['only a newline', '\n', 'is empty'],
    ['over 64 KiB', 'x'.repeat(65_537), 'is no file, or over 65536 bytes'],
    ['not UTF-8', Buffer.from([0xff, 0xfe, 0x41]), 'can not be read (ERR_ENCODING_INVALID_ENCODED_DATA)'],
  ] as const) {
    it(`are refused when the file is ${name}`, () => {
      writeFileSync(file, content);
      assert.throws(value, { code: 'ACKLINE_SECRET_MISSING', message: `file ${file} ${problem}` });
    });
  }

  it('are refused when the path is a directory', () => {
    file = directory;
    assert.throws(value, { message: `file ${directory} is no file, or over 65536 bytes` });
  });
});
