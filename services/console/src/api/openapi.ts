import { z } from 'zod';
import { SESSION_COOKIE } from '../access/cookies.ts';
import { API_BASE, type Media, type Route, type Routes } from './route.ts';
import { namedSchemas, problem } from './named-schemas.ts';

const REFERENCE = '#/components/schemas/';

type Json = Readonly<Record<string, unknown>>;

/** The OpenAPI 3.1 document of these routes: the schemas that check requests and answers, as they are. */
export function openApiDocument(routes: Routes, version: string): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const [operationId, route] of Object.entries(routes)) {
    const path = (paths[API_BASE + route.path] ??= {});
    path[route.method] = operationOf(operationId, route);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Ackline operator API',
      version,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      description:
        'What operators see and do. Lists are paged by cursors. Times are ISO 8601, UTC. Errors are problem+json with a code of docs/errors.md.',
    },
    paths,
    components: {
      schemas: componentSchemas(),
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description:
            'From `ackline tokens create`. Not needed in development where the console listens on loopback.',
        },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: SESSION_COOKIE,
          description:
            'Of a browser that has signed in (`POST /session`, or `/login/oidc`). By https its name begins with `__Host-`. What changes something or looks at a payload is done for pages of the console alone.',
        },
      },
    },
    security: [{ token: [] }, { session: [] }],
  };
}

function operationOf(operationId: string, route: Route): Json {
  return {
    operationId,
    summary: route.summary,
    tags: [route.path.split('/')[1] ?? ''],
    'x-ackline-scope': route.scope,
    ...(route.alsoScope === undefined ? {} : { 'x-ackline-also-scope': route.alsoScope }),
    'x-ackline-tenants': route.tenants,
    ...(route.isAnonymous ? { security: [] } : {}),
    parameters: [...parametersOf(route.params, 'path'), ...parametersOf(route.query, 'query')],
    ...(route.body === null
      ? {}
      : {
          requestBody: {
            required: false,
            content: { 'application/json': { schema: inputSchema(route.body) } },
          },
        }),
    responses: {
      [route.status]: {
        description: route.summary,
        content: Object.fromEntries(contentsOf(route)),
      },
      default: {
        description: 'It was not done',
        content: { 'application/problem+json': { schema: referenceTo(problem) } },
      },
    },
  };
}

function contentsOf({ media, answer }: Route): [string, Json][] {
  const schema = referenceTo(answer);
  // A stream has no other form; a file is asked for.
  const isStream = media.includes('text/event-stream');
  const others = media.map((type): [Media, Json] => [
    type,
    { schema: isStream ? schema : { type: 'string', contentEncoding: 'binary' } },
  ]);
  return isStream ? others : [['application/json', { schema }], ...others];
}

function parametersOf(fields: z.ZodObject, place: 'path' | 'query'): Json[] {
  const { properties = {}, required = [] } = z.toJSONSchema(fields, { io: 'input' });
  return Object.entries(properties).map(([name, schema]) => {
    const { description, ...rest } = typeof schema === 'object' ? schema : {};
    return {
      name,
      in: place,
      required: required.includes(name),
      ...(description === undefined ? {} : { description }),
      schema: rest,
    };
  });
}

function inputSchema(schema: z.ZodObject): Json {
  return withoutFrame(z.toJSONSchema(schema, { io: 'input' }));
}

function referenceTo(schema: z.ZodObject): Json {
  const name = namedSchemas.get(schema)?.id;
  if (name === undefined) throw new Error('a schema of an answer has no name: it belongs to schemas.ts');
  return { $ref: REFERENCE + name };
}

function componentSchemas(): Json {
  const { schemas } = z.toJSONSchema(namedSchemas, {
    uri: id => REFERENCE + id,
    // A later release may say more: who reads answers takes no offence at it.
    override: ({ jsonSchema }) => {
      if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
    },
  });
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, withoutFrame(schema)]));
}

/** Without what says that it is a document of its own. */
function withoutFrame(schema: Json): Json {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => key !== '$schema' && key !== '$id'));
}
