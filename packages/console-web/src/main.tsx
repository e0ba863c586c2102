import './styles/tokens.css';
import './styles/base.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { watchAttention } from './api/attention.ts';
import { App } from './app/app.tsx';
import { reloadAfterUpgrade } from './app/reload-after-upgrade.ts';
import { applyTheme, chosenTheme } from './app/theme.ts';

applyTheme(chosenTheme());
reloadAfterUpgrade();
watchAttention();
const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
