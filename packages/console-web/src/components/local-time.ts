/** "2026-11-30T14:03:22" where the reader is, as `datetime-local` has it; '' where it is no time. */
export function localOfIso(iso: string): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return '';
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

/** The other way; '' where it is no time. */
export function isoOfLocal(local: string): string {
  const at = new Date(local);
  return Number.isNaN(at.getTime()) ? '' : at.toISOString();
}
