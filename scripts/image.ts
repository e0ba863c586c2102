// Builds the image and says what came of it: `npm run image -- --help`.
import { parseArgs } from 'node:util';
import {
  buildImage,
  chosenNodeImage,
  copySbom,
  countSbomComponents,
  imageBytes,
  ownLayers,
  readRevision,
  readVersion,
  SBOM_PATH,
} from './image/build-image.ts';
import { checkDocker, ImageError } from './image/docker-cli.ts';
import { type ImageService, migrateBed, openImageBed } from './image/image-bed.ts';

const HELP = `usage: npm run image -- [options]

Builds the image of ingress, processor, console and \`ackline\`, and prints its size, its layers, where its SBOM is, and how long the services
take from the start of their process to the first 200 of /startupz.

  --tag <name>          of the image (ackline:<version>); with the name of a registry, push it afterwards: docker push <name>
  --node-image <name>   the base (that of the Dockerfile, or ACKLINE_NODE_IMAGE)
  --source <url>        where the sources are, for the label org.opencontainers.image.source
  --sbom <file>         writes a copy of the SBOM
  --no-start            builds only. Starting needs postgres:17, which is pulled where it is not here
  --help`;

const MIB = 1_048_576;

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!isReadable(error)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      tag: { type: 'string', default: `ackline:${readVersion()}` },
      'node-image': { type: 'string', default: chosenNodeImage() },
      source: { type: 'string' },
      sbom: { type: 'string' },
      'no-start': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  await checkDocker();
  const { tag, 'node-image': nodeImage } = values;
  const revision = readRevision();
  await buildImage({ tag, nodeImage, version: readVersion(), revision, source: values.source ?? null });
  await describeImage(tag, nodeImage, revision);
  if (values.sbom !== undefined) {
    await copySbom(tag, values.sbom);
    console.log(`SBOM copied to ${values.sbom}`);
  }
  if (!values['no-start']) await describeStart(tag);
  console.log(`\nPush it with: docker push ${tag}`);
  return 0;
}

async function describeImage(tag: string, nodeImage: string, revision: string): Promise<void> {
  const [bytes, baseBytes, layers, components] = await Promise.all([
    imageBytes(tag),
    imageBytes(nodeImage),
    ownLayers(tag, nodeImage),
    countSbomComponents(tag),
  ]);
  console.log(`\n${tag}, revision ${revision}`);
  console.log(`size  ${mib(bytes)}, of which ${nodeImage} has ${mib(baseBytes)}`);
  for (const layer of layers) console.log(`      ${mib(layer.bytes).padStart(9)}  ${layer.createdBy}`);
  console.log(`SBOM  ${SBOM_PATH} in the image: ${components} packages of npm (CycloneDX)`);
}

async function describeStart(tag: string): Promise<void> {
  await using bed = await openImageBed();
  await migrateBed(bed, tag);
  for (const service of ['ingress', 'processor', 'console'] as const satisfies readonly ImageService[]) {
    await using running = await bed.start(tag, service);
    console.log(`start ${service} to /startupz 200: ${Math.round(running.startMs)} ms`);
  }
}

function mib(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`;
}

/** Ours, or what Node says of an option that it was not told of. */
function isReadable(error: unknown): error is Error {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return error instanceof ImageError || code.startsWith('ERR_PARSE_ARGS_');
}
