/** What the page uses of a browser; the project's types are those of Node. */

interface Element {
  textContent: string | null;
  append(...children: (Element | string)[]): void;
  prepend(child: Element): void;
  readonly children: { readonly length: number };
  readonly lastElementChild: { remove(): void } | null;
  replaceChildren(...children: (Element | string)[]): void;
}

declare const document: {
  readonly visibilityState: string;
  getElementById(id: string): Element | null;
  createElement(name: string): Element;
  addEventListener(type: string, listener: () => void): void;
};
declare const navigator: {
  readonly userAgent: string;
  readonly hardwareConcurrency?: number;
  readonly gpu?: { requestAdapter(): Promise<object | null> };
  readonly wakeLock?: { request(type: 'screen'): Promise<unknown> };
};
declare const location: { readonly hash: string; reload(): void };
declare const sessionStorage: {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
};
declare const crossOriginIsolated: boolean;
declare const addEventListener: (type: string, listener: () => void) => void;

/** Threads share memory, which browsers allow only to isolated pages: over https or from localhost. */
export const MOST_THREADS = crossOriginIsolated ? Math.max(1, navigator.hardwareConcurrency ?? 1) : 1;

export const userAgent = navigator.userAgent.slice(0, 400);
export const token = decodeURIComponent(location.hash.slice(1));
export const reload = (): void => location.reload();
export const isHidden = (): boolean => document.visibilityState === 'hidden';
export const onLeave = (listener: () => void): void => addEventListener('pagehide', listener);
export const onHidden = (listener: () => void): void =>
  document.addEventListener('visibilitychange', () => {
    if (isHidden()) listener();
  });

const SESSION = 'espalier-session';
export const formerSession = (): string | null => sessionStorage.getItem(SESSION);
export const keepSession = (session: string): void => sessionStorage.setItem(SESSION, session);

/** A graphics process that hangs never answers, and the page is wanted without it too. */
const ADAPTER_MS = 10_000;

/** WebGPU is there where an adapter can be had, not only the name. */
export async function hasWebGpu(): Promise<boolean> {
  try {
    const late = new Promise<null>((resolve) => setTimeout(() => resolve(null), ADAPTER_MS));
    return (await Promise.race([navigator.gpu?.requestAdapter(), late])) != null;
  } catch {
    return false;
  }
}

/** A phone that sleeps measures nothing. Refused where the page is not in front: then it is asked again later. */
export async function keepAwake(): Promise<void> {
  await navigator.wakeLock?.request('screen').catch(() => undefined);
}

const byId = (id: string): Element => document.getElementById(id)!;

export function showState(text: string): void {
  byId('state').textContent = text;
}

export function showFacts(facts: readonly (readonly [string, string])[]): void {
  byId('facts').replaceChildren(
    ...facts.flatMap((pair) =>
      pair.map((text, i) => {
        const element = document.createElement(i === 0 ? 'dt' : 'dd');
        element.textContent = text;
        return element;
      }),
    ),
  );
}

const LINES = 20;

/** The latest above. */
export function showLine(text: string): void {
  const list = byId('log');
  const line = document.createElement('li');
  line.textContent = text;
  list.prepend(line);
  if (list.children.length > LINES) list.lastElementChild?.remove();
}
