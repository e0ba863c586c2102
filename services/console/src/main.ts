import { runProgram } from '@ackline/runtime/main-program';
import { createApp } from './app.ts';
import { loadConfig } from './config.ts';

await runProgram({ service: 'console', loadConfig, createApp });
