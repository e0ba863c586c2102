import { statfsSync } from 'node:fs';
import { assertDurableFilesystem, makeSpoolDirectory } from './spool-directory.ts';
import { adoptSpoolFile, createSpoolFile, type SpoolFile } from './spool-file.ts';
import type { SpoolHoldings, SpoolReply, SpoolRequest, SpoolTrouble, StoredBatch } from './spool-protocol.ts';
import { describeTrouble, isCorrupt } from './spool-trouble.ts';

/**
 * The files that this process holds: its own, which takes rows, and those that are only drained (left by dead processes, or
 * given up by this one). Everything is synchronous: it runs in the spool's worker thread.
 */
export interface SpoolHolder {
  /** Never throws: an error is in the answer. */
  handle(request: SpoolRequest): Answer;
}

type Answer = SpoolReply extends infer R
  ? R extends { readonly id: number }
    ? Omit<R, 'id'>
    : never
  : never;

/** An empty file above this is replaced, so that an outage's disk space comes back; below, it is written again. */
const REPLACED_ABOVE_BYTES = 8 * 1024 * 1024;
/** Files held at a time: each has a cache and descriptors. The rest waits for its turn. */
const MAX_ADOPTED = 16;

export interface SpoolHolderOptions {
  readonly directory: string;
  readonly allowEphemeral: boolean;
}

export function createSpoolHolder(options: SpoolHolderOptions): SpoolHolder {
  return new Holder(options);
}

class Holder implements SpoolHolder {
  readonly #options: SpoolHolderOptions;
  #own: SpoolFile | null = null;
  /** Oldest first. */
  #drained: SpoolFile[] = [];
  #trouble: SpoolTrouble | null = null;
  readonly #corrupt = new Set<string>();
  /** With the number of their rows. */
  readonly #kept = new Map<string, number>();

  constructor(options: SpoolHolderOptions) {
    this.#options = options;
  }

  handle(request: SpoolRequest): Answer {
    try {
      const done = this.#do(request);
      return { ok: true, batch: null, removed: 0, ...done, ...this.#state() };
    } catch (error) {
      return { ok: false, detail: describeTrouble(error).detail, ...this.#state() };
    }
  }

  #do(request: SpoolRequest): { readonly batch?: StoredBatch | null; readonly removed?: number } {
    switch (request.kind) {
      case 'append':
        this.#write(request.newFile, file => file.append(request.rows, request.now));
        return {};
      case 'probe':
        this.#write(request.newFile, file => file.probe());
        return {};
      case 'adopt':
        for (const name of request.files) this.#adopt(name);
        this.#sweepDrained();
        return {};
      case 'read':
        return { batch: this.#read(request) };
      case 'remove': {
        const removed = this.#find(request.file)?.remove(request.n) ?? 0;
        this.#sweep(request.file);
        return { removed };
      }
      case 'quarantine':
        this.#find(request.file)?.quarantine(request.n, request.reason);
        this.#sweep(request.file);
        return {};
      case 'close':
        this.#close();
        return {};
      default: {
        const never: never = request;
        return never;
      }
    }
  }

  /** (SP5) Whatever goes wrong with the own file, other than for want of room, it gets no row after that. */
  #write(newFile: string, write: (file: SpoolFile) => void): void {
    try {
      this.#own ??= this.#create(newFile);
      write(this.#own);
      this.#trouble = null;
    } catch (error) {
      this.#troubled(error);
      throw error;
    }
  }

  #troubled(error: unknown): void {
    this.#trouble = describeTrouble(error);
    const own = this.#own;
    if (own === null) return;
    if (this.#trouble.state === 'corrupt') this.#corrupt.add(own.name);
    else if (this.#trouble.state === 'full') {
      if (this.#holdsNothing(own)) this.#destroyOwn(own); // gives back what it takes
      return;
    }
    this.#own = null;
    this.#drained.push(own);
  }

  #create(name: string): SpoolFile {
    const { directory, allowEphemeral } = this.#options;
    makeSpoolDirectory(directory);
    if (!allowEphemeral) assertDurableFilesystem(directory, statfsSync(directory).type);
    return createSpoolFile(directory, name);
  }

  #adopt(name: string): void {
    if (this.#drained.length >= MAX_ADOPTED || this.#kept.has(name) || this.#corrupt.has(name)) return;
    if (this.#find(name) !== undefined) return;
    try {
      const file = adoptSpoolFile(this.#options.directory, name);
      if (file === null || file === 'held') return;
      this.#drained.push(file);
      this.#drained.sort((a, b) => (a.name < b.name ? -1 : 1));
    } catch (error) {
      if (isCorrupt(error)) this.#corrupt.add(name); // others are tried again
    }
  }

  #read({ maxEvents, maxBytes, behind }: SpoolRequest & { readonly kind: 'read' }): StoredBatch | null {
    for (const file of this.#files()) {
      try {
        const batch = file.read(maxEvents, maxBytes, behind.get(file.name));
        if (file.damaged) this.#setApart(file);
        if (batch !== null) return batch;
        this.#sweep(file.name);
      } catch (error) {
        this.#unreadable(file, error);
      }
    }
    return null;
  }

  /** (SP6) It is named and stays on disk; it is drained as far as it can be read, and gets no row. */
  #setApart(file: SpoolFile): void {
    this.#corrupt.add(file.name);
    if (file !== this.#own) return;
    this.#own = null;
    this.#drained.push(file);
  }

  /** What is wrong with the disk and not with the file may pass: then the file is taken up again. */
  #unreadable(file: SpoolFile, error: unknown): void {
    if (isCorrupt(error)) this.#corrupt.add(file.name);
    if (file === this.#own) {
      this.#trouble = describeTrouble(error);
      this.#own = null;
    }
    this.#drained = this.#drained.filter(each => each !== file);
    closeQuietly(file);
  }

  #sweep(name: string): void {
    const file = this.#find(name);
    if (file === undefined) return;
    try {
      file.sweep();
      this.#tidy(file);
    } catch (error) {
      if (file === this.#own) this.#troubled(error);
      else if (isCorrupt(error)) this.#corrupt.add(file.name);
      // What the target has is known while the process lives; the next sweep deletes it.
    }
    if (this.#own?.name === name && this.#trouble?.state === 'full') this.#giveBackIfDrained();
  }

  #sweepDrained(): void {
    for (const file of this.#drained) this.#sweep(file.name);
  }

  #tidy(file: SpoolFile): void {
    if (file.events > 0) return;
    if (file === this.#own) {
      if (this.#holdsNothing(file) && file.diskBytes > REPLACED_ABOVE_BYTES) this.#destroyOwn(file);
      return;
    }
    if (this.#holdsNothing(file)) file.destroy();
    else file.close();
    if (file.quarantined > 0) this.#kept.set(file.name, file.quarantined);
    this.#drained = this.#drained.filter(each => each !== file);
  }

  /** On a full disk nothing can be deleted from the file, but the file can go when the target has all of it. */
  #giveBackIfDrained(): void {
    const own = this.#own;
    if (own !== null && this.#holdsNothing(own)) this.#destroyOwn(own);
  }

  /** (SP6) Only such a file may go. */
  #holdsNothing(file: SpoolFile): boolean {
    return file.events === 0 && file.quarantined === 0 && !this.#corrupt.has(file.name);
  }

  #destroyOwn(own: SpoolFile): void {
    try {
      own.destroy();
      this.#own = null;
    } catch {
      // The names stay, and the file with them: tried again after the next removal.
    }
  }

  #close(): void {
    for (const file of this.#files()) {
      try {
        if (this.#holdsNothing(file)) file.destroy();
        else file.sweep();
      } catch {
        // A later process does it.
      }
      closeQuietly(file);
    }
    this.#own = null;
    this.#drained = [];
  }

  #files(): SpoolFile[] {
    return this.#own === null ? [...this.#drained] : [...this.#drained, this.#own];
  }

  #find(name: string): SpoolFile | undefined {
    return this.#files().find(file => file.name === name);
  }

  #state(): { readonly holdings: SpoolHoldings; readonly trouble: SpoolTrouble | null } {
    const files = this.#files();
    const sum = (of: (file: SpoolFile) => number): number =>
      files.reduce((total, file) => total + of(file), 0);
    const oldest = files.flatMap(({ oldestAt }) => (oldestAt === null ? [] : [oldestAt]));
    const holdings = {
      held: files.map(({ name }) => name),
      adopted: this.#drained.length,
      events: sum(file => file.events),
      bytes: sum(bytesOf),
      oldestAt: oldest.length === 0 ? null : Math.min(...oldest),
      quarantined:
        sum(file => file.quarantined) + [...this.#kept.values()].reduce((total, n) => total + n, 0),
      corrupt: [...this.#corrupt],
      kept: [...this.#kept.keys()],
    };
    return { holdings, trouble: this.#trouble };
  }
}

function bytesOf(file: SpoolFile): number {
  try {
    return file.bytes;
  } catch {
    return 0; // damaged: its size is counted by the listing once it is closed
  }
}

function closeQuietly(file: SpoolFile): void {
  try {
    file.close();
  } catch {
    // A checkpoint that fails loses nothing: the log stays.
  }
}
