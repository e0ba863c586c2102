import { typesOfDocument } from '../../packages/console-client/generate/types-of-document.ts';
import { openApiDocument } from '../../services/console/src/api/openapi.ts';
import { routes } from '../../services/console/src/api/routes.ts';

/** packages/console-client/src/api-types.ts, from the routes of the console. */
export async function consoleClientTypes(): Promise<string> {
  // No type has the version in it.
  return typesOfDocument(openApiDocument(routes, '0.0.0'));
}
