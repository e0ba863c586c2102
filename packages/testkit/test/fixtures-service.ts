// What spawn-service.integration.test.ts starts: ready on the port that it is told, or failing as it is told.
import { createServer } from 'node:http';

if (process.env['FAIL'] !== undefined) {
  console.error('no such secret: FAIL');
  process.exit(3);
}
const server = createServer((_, response) => response.end('ready')).listen(
  Number(process.env['PORT']),
  '127.0.0.1',
);
console.log('started', Object.keys(process.env).sort().join(','));
process.once('SIGTERM', () => server.close(() => console.log('drained')));
