/** With a port, escapes, a query, and a slash before it. */
export const URL_WITH_ALL = 'https://hooks.example.com:8443/Shop/a%20b/?x=1&y=%C3%BC&y=';

/** Others for the same place, or nearly so: to one who signs a URL as it is, they are all other ones. */
export const OTHER_SPELLINGS: readonly string[] = [
  URL_WITH_ALL.replace(':8443', ''),
  URL_WITH_ALL.replace(':8443', ':443'),
  URL_WITH_ALL.replace('https', 'http'),
  URL_WITH_ALL.replace('hooks', 'Hooks'),
  URL_WITH_ALL.replace('Shop', 'shop'),
  URL_WITH_ALL.replace('/?', '?'),
  URL_WITH_ALL.replace('%20', '+'),
  URL_WITH_ALL.replace('%20', ' '),
  URL_WITH_ALL.replace('%C3%BC', '%c3%bc'),
  URL_WITH_ALL.replace('%C3%BC', 'ü'),
  URL_WITH_ALL.replace('x=1&', ''),
  URL_WITH_ALL.slice(0, URL_WITH_ALL.indexOf('?')),
  `${URL_WITH_ALL}&`,
  `${URL_WITH_ALL}#`,
  '',
];
