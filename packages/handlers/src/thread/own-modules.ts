import { registerHooks } from 'node:module';

const OWN = '@ackline/handlers/';

/**
 * A handler's module may be anywhere, on a mounted volume without a node_modules too: what it imports of this package is always this
 * very copy of it.
 */
export function registerOwnModules(): void {
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier.startsWith(OWN)
        ? next(specifier, { ...context, parentURL: import.meta.url })
        : next(specifier, context),
  });
}
