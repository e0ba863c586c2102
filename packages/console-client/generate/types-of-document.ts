import openapiTS, { astToString, type OpenAPI3 } from 'openapi-typescript';

/** The TypeScript of an OpenAPI document. Apart from the client: it needs a compiler, and `npm run docs` alone runs it. */
export async function typesOfDocument(document: object): Promise<string> {
  // Not `immutable`: openapi-fetch takes no readonly list for a list.
  // Its own schema says 3.0 or 3.1; the console's test holds the document against that of 3.1.
  const nodes = await openapiTS(document as OpenAPI3);
  return `// Generated from services/console/src/api by \`npm run docs\`.\n${astToString(nodes)}`;
}
