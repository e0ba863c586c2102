import './shell.css';
import { Link, Outlet, useLocation } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { pages } from '../pages/pages.ts';
import { Identity } from './identity.tsx';
import { ThemeSwitch } from './theme-switch.tsx';

/** What stands around every page. */
export function Shell() {
  const main = useRef<HTMLElement>(null);
  useFocusOnPage(main);
  return (
    <>
      <a className="skip-link" href="#main">
        Skip to the content
      </a>
      <header className="shell-header">
        <Link to="/" className="shell-brand">
          <img src="/favicon.svg" alt="" width="22" height="22" />
          Ackline
        </Link>
        <nav aria-label="Pages" className="shell-nav">
          {pages
            .filter(({ isInMenu }) => isInMenu)
            .map(({ title, path }) => (
              <Link key={path} to={path} activeProps={ACTIVE} activeOptions={ALSO_BELOW}>
                {title}
              </Link>
            ))}
        </nav>
        <div className="shell-side">
          {/* A document of its own, which the router does not know. */}
          <a href="/docs/">Docs</a>
          <ThemeSwitch />
          <Identity />
        </div>
      </header>
      <main id="main" className="page" ref={main} tabIndex={-1}>
        <Outlet />
      </main>
    </>
  );
}

const ACTIVE = { 'aria-current': 'page' } as const;
const ALSO_BELOW = { exact: false, includeSearch: false };

/** Who follows a link begins to read at the new page; a filter that changes leaves them where they are. */
function useFocusOnPage(main: React.RefObject<HTMLElement | null>): void {
  const { pathname } = useLocation();
  const shown = useRef(pathname);
  useEffect(() => {
    // On a phone the menu is wider than the screen.
    document
      .querySelector('.shell-nav [aria-current]')
      ?.scrollIntoView({ block: 'nearest', inline: 'center' });
    if (shown.current === pathname) return;
    shown.current = pathname;
    main.current?.focus({ preventScroll: true });
  }, [pathname, main]);
}
