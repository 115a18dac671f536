/**
 * What `import … from 'espalier'` means in a user's module where no such package is installed: beside a checkout, or in a
 * folder of its own. It is the program that runs, the very same copy.
 */
import { Module, register } from 'node:module';

/** The entries of the package, as its package.json names them, by the modules that are behind them. */
const ENTRIES: Readonly<Record<string, string>> = {
  espalier: '../index',
  'espalier/training-graph': '../training-graph',
  'espalier/testing': '../testing/index',
};

/** Where the generated modules find what they export again. */
const SHARED = 'espalier.own';

/** Part of Node that packages which load modules rely on, without a type. */
interface ModuleLoader {
  _load(request: string, ...rest: readonly unknown[]): unknown;
}

/** Whether `error` says that a module of the user's imports Espalier, and that it is not there. */
export function lacksEspalier(error: unknown): boolean {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code !== 'MODULE_NOT_FOUND' && code !== 'ERR_MODULE_NOT_FOUND') return false;
  const [, missing = ''] = /^Cannot find (?:module|package) '([^']+)'/.exec(message) ?? [];
  // In a checkout the package's own name leads to what `npm run build` makes.
  return (
    Object.hasOwn(ENTRIES, missing) ||
    /[\\/]dist[\\/](index|training-graph|testing[\\/]index)\.js$/.test(missing)
  );
}

let provided: Promise<void> | null = null;

/** From now on modules that are loaded find this program under its name. */
export const provideEspalier = (): Promise<void> => {
  provided ??= provide();
  return provided;
};

async function provide(): Promise<void> {
  const { url } = import.meta;
  const ending = url.slice(url.lastIndexOf('.'));
  const exports: Record<string, object> = {};
  for (const [name, path] of Object.entries(ENTRIES))
    exports[name] = await import(new URL(`${path}${ending}`, url).href);
  Object.assign(globalThis, { [Symbol.for(SHARED)]: exports });
  // ES modules: one that exports the same values again, so that nothing is loaded twice.
  const sources = Object.fromEntries(
    Object.entries(exports).map(([name, values]) => [
      name,
      `data:text/javascript,${encodeURIComponent(
        `const own = globalThis[Symbol.for('${SHARED}')]['${name}'];\n` +
          Object.keys(values)
            .map((key) => `export const ${key} = own.${key};`)
            .join('\n'),
      )}`,
    ]),
  );
  const hook = `const sources = ${JSON.stringify(sources)};
export const resolve = async (name, context, next) =>
  Object.hasOwn(sources, name) ? { url: sources[name], format: 'module', shortCircuit: true } : next(name, context);`;
  register(`data:text/javascript,${encodeURIComponent(hook)}`);
  // CommonJS, which TypeScript becomes in folders without "type": "module".
  const loader = Module as unknown as ModuleLoader;
  const load = loader._load;
  loader._load = function (request, ...rest) {
    return Object.hasOwn(exports, request) ? exports[request] : load.call(this, request, ...rest);
  };
}
