/** Ends a process that leads a group, and the programs that it started: they are part of what a handler does. Never throws. */
export function killGroup(pid: number): void {
  if (!isKilled(-pid)) isKilled(pid); // a system without groups
}

function isKilled(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
}
