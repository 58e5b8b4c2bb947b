import { useMemo, useSyncExternalStore } from 'react';

// Addresses are behind the #: the server needs to know none of them, and a sign-in link keeps its secret from it.
export interface Route {
  path: string[];
  query: URLSearchParams;
}

function subscribe(changed: () => void): () => void {
  window.addEventListener('hashchange', changed);
  return () => window.removeEventListener('hashchange', changed);
}

export function parse(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  return { path: path.split('/').filter(Boolean).map(decodeURIComponent), query: new URLSearchParams(query) };
}

export function useRoute(): Route {
  const hash = useSyncExternalStore(subscribe, () => window.location.hash);
  return useMemo(() => parse(hash), [hash]);
}

export function go(to: string): void {
  window.location.hash = to;
}

// settle changes the query of the address without a step in the history, as when somebody types into a search field.
export function settle(changes: Record<string, string | undefined>): void {
  const { path, query } = parse(window.location.hash);
  for (const [name, value] of Object.entries(changes)) {
    if (value) {
      query.set(name, value);
    } else {
      query.delete(name);
    }
  }
  const text = query.toString();
  window.history.replaceState(null, '', '#/' + path.join('/') + (text ? '?' + text : ''));
  window.dispatchEvent(new HashChangeEvent('hashchange'));
}
