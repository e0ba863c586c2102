import { findHelm, HELM_VARIABLE } from '../../packages/testkit/src/helm-program.ts';

/** Where helm is, for the tests of the chart. It is built before a tier starts: the tier's time is not for that. */
export function helmEnv(files: readonly string[]): Record<string, string> {
  if (!files.some(file => file.startsWith('charts/'))) return {};
  const helm = findHelm({ build: true });
  if (helm.kind === 'found') return { [HELM_VARIABLE]: helm.path };
  console.log(`   charts: ${helm.reason}`);
  return {};
}
