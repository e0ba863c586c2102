import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { finding } from '../../src/doctor/examination.ts';
import { formatReport, reaches, reportJson, sorted } from '../../src/doctor/report.ts';

const LOW = finding('limit-hit', null, 'one');
const MEDIUM = finding('work-parked', 'destination bot', 'two');
const HIGH = finding('event-lost', 'source tg', 'three');

describe('a report', () => {
  it('is in the order of impact, and has each finding once', () => {
    assert.deepEqual(sorted([LOW, MEDIUM, HIGH, { ...LOW }]), [HIGH, MEDIUM, LOW]);
  });

  it('reaches an impact with one that is as high, or higher', () => {
    assert.deepEqual(
      (['high', 'medium', 'low'] as const).map(impact => reaches([MEDIUM, LOW], impact)),
      [false, true, true],
    );
    assert.equal(reaches([], 'low'), false);
  });

  it('shows some of very many, and counts the rest', () => {
    const findings = Array.from({ length: 5_000 }, (_, n) => finding('work-parked', null, `cause ${n}`));
    const report = { findings, unlooked: [], accepted: 0 };
    const text = formatReport('x', report);
    assert.match(
      text,
      /^x: 5000 medium\.\n\nMEDIUM {2}work-parked\n {2}cause 0\n[^]*\n {2}cause 19\n {2}… and 4980 more\n {2}Why: /,
    );
    const json = reportJson(report);
    assert.deepEqual([json.counts.medium, json.findings.length], [5_000, 2_000]);
  });
});
