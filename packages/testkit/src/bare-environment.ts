/**
 * What a process that a test starts takes over: where programs are, and where Node keeps what it compiled (one place for all processes of
 * a run: half of what starting one takes). Nothing else of ours; what is undefined is not passed on.
 */
export function bareEnvironment(): Readonly<
  Record<'PATH' | 'HOME' | 'NODE_COMPILE_CACHE', string | undefined>
> {
  const { PATH, HOME, NODE_COMPILE_CACHE } = process.env;
  return { PATH, HOME, NODE_COMPILE_CACHE };
}
