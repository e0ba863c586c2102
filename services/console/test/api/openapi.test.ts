import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { openApiDocument } from '../../src/api/openapi.ts';
import { routes } from '../../src/api/routes.ts';

it('the OpenAPI document validates, and has every route', async () => {
  const document = JSON.parse(JSON.stringify(openApiDocument(routes, '0.1.0')));
  const { valid, errors } = await new Validator().validate(document);
  assert.deepEqual({ valid, errors }, { valid: true, errors: undefined });
  const operations = Object.values(document.paths as Record<string, Record<string, { operationId: string }>>)
    .flatMap(path => Object.values(path))
    .map(operation => operation.operationId);
  assert.deepEqual(operations.toSorted(), Object.keys(routes).toSorted());
});

it('no reference of the OpenAPI document leads nowhere', () => {
  const document = openApiDocument(routes, '0.1.0') as { components: { schemas: Record<string, unknown> } };
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(
    ([, name]) => name ?? '',
  );
  assert.ok(references.length > 20);
  for (const name of references) assert.ok(name in document.components.schemas, name);
});
