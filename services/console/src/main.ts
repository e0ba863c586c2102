import { constants, setPriority } from 'node:os';
import { runProgram } from '@ackline/runtime/main-program';
import { createApp } from './app.ts';
import { loadConfig } from './config.ts';

// On the machine of an ingress and a processor their work goes first: nobody's webhook waits for a page.
setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
await runProgram({ service: 'console', loadConfig, createApp });
