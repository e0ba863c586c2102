import { useState } from 'react';
import { chooseTheme, chosenTheme, type Theme } from './theme.ts';

const NAMES: readonly (readonly [Theme, string])[] = [
  ['system', 'System'],
  ['light', 'Light'],
  ['dark', 'Dark'],
];

export function ThemeSwitch() {
  const [theme, setTheme] = useState(chosenTheme);
  return (
    <label className="theme-switch">
      <span className="visually-hidden">Theme</span>
      <select
        className="input input-small"
        value={theme}
        onChange={({ target }) => {
          const next = NAMES.find(([name]) => name === target.value)?.[0] ?? 'system';
          chooseTheme(next);
          setTheme(next);
        }}
      >
        {NAMES.map(([name, text]) => (
          <option key={name} value={name}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}
