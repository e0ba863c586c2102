// One violation for each rule that `npm run verify` promises: what is planted, and what the checker has to say of it.
import type { checks } from '../verify/checks.ts';

export interface Violation {
  readonly name: string;
  readonly check: (typeof checks)[number]['name'];
  /** Files to write, by path; or, for an existing JSON file, a change to its object. */
  readonly files: Readonly<Record<string, string | ((json: Record<string, Record<string, string>>) => void)>>;
  /** Must be in what the checker says. */
  readonly says: RegExp;
}

const planted = 'packages/runtime/src/planted.ts';
/** oxlint prints the rule, a sentence, and then the file. */
const lint = (name: string, code: string, rule: string, path = planted): Violation => ({
  name,
  check: 'lint',
  files: { [path]: code },
  says: new RegExp(`\\(${rule}\\):[^[]*\\[${path}:`),
});

export const violations: readonly Violation[] = [
  {
    name: 'a type error',
    check: 'types',
    files: { [planted]: "export const n: number = 'x';\n" },
    says: /planted\.ts.*TS2322/,
  },
  {
    name: 'a type error in a test',
    check: 'types',
    files: { 'packages/runtime/test/planted.test.ts': "export const n: number = 'x';\n" },
    says: /planted\.test\.ts.*TS2322/,
  },
  {
    name: "a type error in the console's page",
    check: 'types',
    files: { 'packages/console-web/src/planted.tsx': 'export const planted = <p hidden={1} />;\n' },
    says: /planted\.tsx.*TS2322/,
  },
  {
    name: "a type error in a test of the console's page",
    check: 'types',
    files: { 'packages/console-web/test/planted.test.ts': "export const n: number = 'x';\n" },
    says: /planted\.test\.ts.*TS2322/,
  },
  lint(
    'a floating promise in the console’s page',
    'export function f(): void {\n  Promise.resolve(1);\n}\n',
    'no-floating-promises',
    'packages/console-web/src/planted.tsx',
  ),
  lint(
    'a hook of React behind a condition',
    "import { useState } from 'react';\n\nexport function Planted({ is }: { is: boolean }) {\n  return is ? useState(1)[0] : 2;\n}\n",
    'rules-of-hooks',
    'packages/console-web/src/planted.tsx',
  ),
  lint(
    'a floating promise',
    'export function f(): void {\n  Promise.resolve(1);\n}\n',
    'no-floating-promises',
  ),
  lint(
    'a floating promise in a service',
    'export function f(): void {\n  Promise.resolve(1);\n}\n',
    'no-floating-promises',
    'services/ingress/src/planted.ts',
  ),
  lint(
    'a floating promise in a test',
    'export function f(): void {\n  Promise.resolve(1);\n}\n',
    'no-floating-promises',
    'packages/store/test/planted.test.ts',
  ),
  {
    name: 'an import cycle',
    check: 'lint',
    files: {
      [planted]: "import { b } from './planted-too.ts';\nexport const a = (): number => b() + 1;\n",
      'packages/runtime/src/planted-too.ts':
        "import { a } from './planted.ts';\nexport const b = (): number => a() + 1;\n",
    },
    says: /\(no-cycle\):[^[]*\[packages\/runtime\/src\/planted/,
  },
  {
    name: 'a cycle of imports of types alone',
    check: 'lint',
    files: {
      [planted]: "import type { B } from './planted-too.ts';\nexport type A = { b: B } | null;\n",
      'packages/runtime/src/planted-too.ts':
        "import type { A } from './planted.ts';\nexport type B = { a: A } | null;\n",
    },
    says: /\(no-cycle\):[^[]*\[packages\/runtime\/src\/planted/,
  },
  lint(
    'process.env outside config.ts',
    "export const home = process.env['HOME'];\n",
    'no-restricted-properties',
  ),
  lint('console in a library', "export function f(): void {\n  console.log('x');\n}\n", 'no-console'),
  lint('a default export', 'export default function f(): void {}\n', 'no-default-export'),
  lint('any', 'export const f = (x: any): unknown => x;\n', 'no-explicit-any'),
  lint(
    'a non-null assertion',
    'export const f = (x: string | null): string => x!;\n',
    'no-non-null-assertion',
  ),
  lint(
    'a switch that forgets a case',
    "export function f(x: 'a' | 'b'): number {\n  switch (x) {\n    case 'a':\n      return 1;\n  }\n  return 2;\n}\n",
    'switch-exhaustiveness-check',
  ),
  lint('a file of more than 350 lines', lines(351), 'max-lines'),
  lint(
    'a function of more than 60 lines',
    `export function f(): void {\n${'  void 0;\n'.repeat(61)}}\n`,
    'max-lines-per-function',
  ),
  lint(
    'more than 4 parameters',
    'export const f = (a: 1, b: 1, c: 1, d: 1, e: 1): unknown => [a, b, c, d, e];\n',
    'max-params',
  ),
  lint(
    'a file name that is not kebab-case',
    'export const x = 1;\n',
    'filename-case',
    'packages/runtime/src/plantedFile.ts',
  ),
  lint(
    'src that imports the testkit',
    "export { waitFor } from '@ackline/testkit/wait-for';\n",
    'no-restricted-imports',
  ),
  lint(
    'a decision that imports a driver',
    "export type { Pool } from 'pg';\n",
    'no-restricted-imports',
    'packages/shared/src/planted.ts',
  ),
  lint(
    'a decision of a service that imports a driver',
    "export type { Pool } from 'pg';\n",
    'no-restricted-imports',
    'services/ingress/src/judge.ts',
  ),
  {
    name: 'an unformatted file',
    check: 'format',
    files: { [planted]: 'export const  x = [1,2]\n' },
    says: /planted\.ts format/,
  },
  {
    name: 'a file that nobody uses',
    check: 'dead-code',
    files: { [planted]: 'export const x = 1;\n' },
    says: /planted\.ts/,
  },
  {
    name: "a file of the console's page that nobody uses",
    check: 'dead-code',
    files: { 'packages/console-web/src/planted.tsx': 'export const Planted = () => <p>x</p>;\n' },
    says: /planted\.tsx/,
  },
  {
    name: "an import of the console's page of what is no dependency",
    check: 'boundaries',
    files: { 'packages/console-web/src/planted.tsx': "export { request } from 'undici';\n" },
    says: /`undici` because it is not a dependency/,
  },
  {
    name: 'an export that nobody uses',
    check: 'dead-code',
    files: {
      'packages/runtime/test/planted.test.ts':
        "import { used } from '@ackline/runtime/planted';\n\nused();\n",
      [planted]: 'export const used = (): number => 1;\nexport const plantedUnused = 2;\n',
    },
    says: /plantedUnused/,
  },
  {
    name: 'a dependency that nobody uses',
    check: 'dead-code',
    files: {
      'packages/runtime/package.json': json =>
        Object.assign(json['dependencies'] ?? {}, { undici: '8.12.4' }),
    },
    says: /undici.*packages\/runtime\/package\.json/,
  },
  {
    name: 'an import of what is no dependency',
    check: 'boundaries',
    files: { [planted]: "export { request } from 'undici';\n" },
    says: /`undici` because it is not a dependency/,
  },
  {
    name: 'service → service, by name',
    check: 'boundaries',
    files: {
      'services/ingress/package.json': json =>
        Object.assign(json['dependencies'] ?? {}, { '@ackline/processor': '0.1.0' }),
    },
    says: /`@ackline\/ingress` found[^`]*denylist/,
  },
  {
    name: 'service → service, by path',
    check: 'boundaries',
    files: { 'services/ingress/src/planted.ts': "export * from '../../processor/src/app.ts';\n" },
    says: /processor\/src\/app\.ts` leaves the package/,
  },
  {
    name: 'package → service',
    check: 'boundaries',
    files: {
      'packages/runtime/package.json': json =>
        Object.assign(json['dependencies'] ?? {}, { '@ackline/ingress': '0.1.0' }),
    },
    says: /`@ackline\/runtime` found[^`]*denylist/,
  },
  {
    name: 'shared → another package',
    check: 'boundaries',
    files: {
      'packages/shared/package.json': json =>
        Object.assign(json['dependencies'] ?? {}, { '@ackline/store': '0.1.0' }),
    },
    says: /`@ackline\/store` found[^`]*denylist/,
  },
  {
    name: 'two versions of Node',
    check: 'versions',
    files: { '.node-version': '24.0.0\n' },
    says: /Node is .* but 24\.0\.0/,
  },
  {
    name: 'two versions of Ackline',
    check: 'versions',
    files: { 'packages/runtime/package.json': json => Object.assign(json, { version: '9.9.9' }) },
    says: /Ackline is 9\.9\.9 in packages\/runtime/,
  },
  {
    name: "a lockfile without another platform's package",
    check: 'lockfile',
    files: {
      'package-lock.json': json => {
        delete (json['packages'] as Record<string, unknown>)['node_modules/@biomejs/cli-darwin-arm64'];
      },
    },
    says: /lacks node_modules\/@biomejs\/cli-darwin-arm64/,
  },
  {
    name: 'a link to a page that is not there',
    check: 'links',
    files: { 'docs/planted.md': 'See [the page](decisions/planted-nowhere.md#why).\n' },
    says: /docs\/planted\.md:1 links to decisions\/planted-nowhere\.md/,
  },
  {
    name: 'a conflict that a merge has left in a page, and half of one in a file of no known kind',
    check: 'conflicts',
    files: {
      'docs/planted.md': '<<<<<<< ours\none\n=======\nother\n>>>>>>> theirs\n',
      'docs/planted.conf': 'one\r\n=======\r\nother\r\n',
    },
    says: /planted\.conf:2 =======\ndocs\/planted\.md:1 <{7}\ndocs\/planted\.md:3 =======\ndocs\/planted\.md:5 >{7}/,
  },
  {
    name: 'an alert on a metric that is not there, of an unknown severity, without its section',
    check: 'alerts',
    files: { 'k8s/alerts/planted.rules.yaml': plantedAlert('ackline_planted_total', 'dire') },
    says: /ackline_planted_total is not in the table[^]*severity "dire"[^]*no section "### AcklinePlanted"/,
  },
  {
    name: 'an alert on a label that its metric has not',
    check: 'alerts',
    files: { 'k8s/alerts/planted.rules.yaml': plantedAlert('up{planted="1"}', 'info') },
    says: /AcklinePlanted: up has no label planted/,
  },
  {
    name: 'an alert that adds up the installations of one Prometheus',
    check: 'alerts',
    files: { 'k8s/alerts/planted.rules.yaml': plantedAlert('sum by (job) (up)', 'info') },
    says: /AcklinePlanted: sum by \(job\) \(up\).* adds installations up/,
  },
  {
    name: 'a dashboard that asks for a metric that is not there',
    check: 'alerts',
    files: {
      'k8s/dashboards/planted.json':
        '{"panels":[{"type":"stat","title":"x","targets":[{"expr":"ackline_planted"}]}]}',
    },
    says: /planted\.json: x: ackline_planted is not in the table/,
  },
  {
    name: 'a version range',
    check: 'versions',
    files: {
      'packages/runtime/package.json': json => Object.assign(json['dependencies'] ?? {}, { pino: '^10.4.0' }),
    },
    says: /pino is "\^10\.4\.0"/,
  },
];

function plantedAlert(expr: string, severity: string): string {
  const rule = `{ alert: AcklinePlanted, expr: '${expr} > 0', labels: { severity: ${severity} } }`;
  return `groups: [{ name: planted, rules: [${rule}] }]\n`;
}

function lines(count: number): string {
  return Array.from({ length: count }, (_, index) => `export const line${index} = ${index};\n`).join('');
}
