const KEY = 'ackline.reloaded';
/** A part that is gone for another reason must not make the page load itself without end. */
const NOT_AGAIN_MS = 60_000;

/** A page that was opened before an upgrade asks for parts that are no more: it loads itself anew, and has those of now. */
export function reloadAfterUpgrade(): void {
  addEventListener('vite:preloadError', event => {
    const last = Number(sessionStorage.getItem(KEY) ?? 0);
    if (Date.now() - last < NOT_AGAIN_MS) return;
    event.preventDefault();
    sessionStorage.setItem(KEY, String(Date.now()));
    location.reload();
  });
}
