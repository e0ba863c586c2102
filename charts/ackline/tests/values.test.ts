import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { readYaml } from '@ackline/shared/config/yaml-source';
import { configSchema } from '@ackline/shared/config/schema';
import { chartCopies, chartPage } from '../../../scripts/generate-docs/chart-page.ts';
import { chartValues } from '../../../scripts/generate-docs/chart-values.ts';

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

interface Schema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: boolean | Schema;
  readonly definitions?: Readonly<Record<string, Schema>>;
  readonly $ref?: string;
}

const root = JSON.parse(read('values.schema.json')) as Schema;
const defaults = readYaml(read('values.yaml')).value as Readonly<Record<string, unknown>>;

/** Objects whose names are not the chart's: what Kubernetes or `ackline check` knows better, and maps of texts. */
const OPEN = new Set(['kubernetes', 'texts', 'amounts', 'labels', 'global', 'config']);

function resolve(schema: Schema): Schema {
  const name = schema.$ref?.replace('#/definitions/', '');
  return name === undefined ? schema : (root.definitions?.[name] ?? {});
}

describe("the chart's values.yaml", () => {
  it('says of each value what it means', () => {
    const values = chartValues(read('values.yaml'));
    assert.ok(values.length > 150);
    const silent = values.filter(({ fallback, description }) => fallback !== null && description === '');
    // The four of a label or probe that stand below a comment of their own.
    assert.deepEqual(
      silent.map(({ path }) => path),
      [],
    );
  });

  it('has a default for each name that the schema takes, and no name that it does not', () => {
    function compare(path: string, schema: Schema, value: unknown): void {
      const { properties } = resolve(schema);
      if (properties === undefined || typeof value !== 'object' || value === null) return;
      if (Object.keys(value).length === 0) return; // a map that is empty until it is given
      const names = Object.keys(properties).filter(name => name !== 'global' && name !== 'claims');
      assert.deepEqual(Object.keys(value).toSorted(), names.toSorted(), path);
      for (const name of names) {
        const next = (value as Record<string, unknown>)[name];
        if (name !== 'behavior') compare(`${path}.${name}`, properties[name] ?? {}, next);
      }
    }
    compare('values', root, defaults);
  });

  it('is a page with a table, which is written anew when it changes', () => {
    assert.ok(read('README.md') === chartPage(), 'the page is stale: run `npm run docs` and commit it');
  });
});

describe("the chart's values.schema.json", () => {
  it('refuses names that are not known, everywhere but in what Kubernetes knows itself', () => {
    const open: string[] = [];
    function walk(name: string, schema: Schema): void {
      const isObject = schema.type === 'object' || schema.properties !== undefined;
      if (isObject && schema.additionalProperties !== false) open.push(name);
      for (const [key, child] of Object.entries(schema.properties ?? {})) walk(key, child);
      for (const [key, child] of Object.entries(schema.definitions ?? {})) walk(key, child);
      if (schema.items !== undefined) walk(name, schema.items);
    }
    walk('values', root);
    for (const name of open) {
      const inConfig = ['sources', 'tenants', 'routes', 'destinations', 'retention'].includes(name);
      assert.ok(OPEN.has(name) || inConfig, `${name} takes any name`);
    }
  });

  it('takes the names that ackline.yaml has, and no others', () => {
    const { properties } = root.properties?.['config'] ?? {};
    assert.deepEqual(Object.keys(properties ?? {}).toSorted(), Object.keys(configSchema.shape).toSorted());
  });
});

describe("the chart's copies", () => {
  it('are what k8s has: the alerts and every dashboard', () => {
    const copies = chartCopies();
    assert.ok(copies.length >= 5);
    for (const { path, text } of copies) {
      const copied = readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
      assert.ok(copied === text, `${path} is stale: run \`npm run docs\` and commit it`);
    }
    const dashboards = readdirSync(new URL('../files/dashboards', import.meta.url));
    assert.equal(dashboards.length, copies.filter(({ path }) => path.includes('/dashboards/')).length);
  });
});
