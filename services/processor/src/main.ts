import { runProgram } from '@ackline/runtime/main-program';
import { createApp } from './app.ts';
import { readConfig } from './config.ts';

await runProgram({ service: 'processor', loadConfig: readConfig, createApp });
