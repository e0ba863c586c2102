/** Ends a process that leads a group, and the programs that it started: they are part of what a handler does. Never throws. */
export function killGroup(pid: number): void {
  if (!isKilled(-pid)) isKilled(pid); // a system without groups
}

/** Ends the programs that a process has left which led a group and has just ended. Never throws. */
export function killLeft(pid: number): void {
  isKilled(-pid);
}

function isKilled(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
}
