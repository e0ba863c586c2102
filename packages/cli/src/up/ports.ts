import { once } from 'node:events';
import { createServer } from 'node:net';
import { describePortHolder } from '@ackline/embedded-postgres/port';
import { AppError } from '@ackline/shared/app-error';
import type { PortChoice } from '../config.ts';
import { printable } from '@ackline/shared/printable';

/** Ports that are tried after the default one; a machine with more in a row taken has another problem. */
const MAX_TRIED_PORTS = 50;

export interface PortRequest {
  readonly host: string;
  readonly choice: PortChoice;
  /** The variable that chooses it. */
  readonly variable: string;
  /** A default port that is taken may be moved; in production it may not: what calls it would not know. */
  readonly mayMove: boolean;
  /** Already given to somebody in this start. */
  readonly except: readonly number[];
}

export interface ChosenPort {
  readonly port: number;
  /** Who holds the default port, where it was moved; null otherwise. */
  readonly movedBecause: string | null;
}

/** A port that is free just now. Rejects with ACKLINE_PORT_IN_USE, naming the holder, where it was chosen and is taken. */
export async function choosePort(request: PortRequest): Promise<ChosenPort> {
  const { host, choice, variable, except } = request;
  if (choice.port === 0) return { port: 0, movedBecause: null };
  if (!except.includes(choice.port) && (await isFree(host, choice.port))) {
    return { port: choice.port, movedBecause: null };
  }
  const holder = except.includes(choice.port) ? 'another part of this start' : await nameHolder(choice.port);
  if (choice.isChosen || !request.mayMove) throw portError(variable, choice.port, holder);
  for (let port = choice.port + 1; port <= choice.port + MAX_TRIED_PORTS; port += 1) {
    if (!except.includes(port) && (await isFree(host, port))) return { port, movedBecause: holder };
  }
  throw portError(variable, choice.port, holder);
}

/** "process 4711 (node server.js)"; a command line may hold anything, so it is made fit for the terminal. */
export async function nameHolder(port: number): Promise<string> {
  return printable((await describePortHolder(port)) ?? 'another program');
}

export function portError(what: string, port: number, holder: string): AppError {
  return new AppError('ACKLINE_PORT_IN_USE', `${what}: port ${port} is held by ${holder}`);
}

/** Just now; who needs it must still be ready to find it taken. */
export async function isFree(host: string, port: number): Promise<boolean> {
  const server = createServer();
  server.listen({ host, port, exclusive: true });
  try {
    await once(server, 'listening');
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return false;
    throw error;
  } finally {
    if (server.listening) {
      server.close();
      await once(server, 'close');
    }
  }
}
