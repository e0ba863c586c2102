import { hostname, userInfo } from 'node:os';

/** Who runs the command, for the audit: "anna@ops-1". */
export function operatorName(): string {
  return `${userName()}@${hostname()}`;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid-${process.getuid?.() ?? 'unknown'}`; // a container's user need not have a name
  }
}
