// What the image starts: a service, or a command of `ackline`.
import './first-signals.mjs';

const { launch } = await import('../src/image/launch.ts'); // not before a signal would be heard
process.exitCode = await launch(process.argv.slice(2));
