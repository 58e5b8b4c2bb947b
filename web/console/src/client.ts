import { Client, fetchExchange, cacheExchange, mapExchange, type CombinedError } from 'urql';

type Listener = () => void;

// Who is signed out hears of it from whichever request is refused first.
const listeners = new Set<Listener>();

export function onSignedOut(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const client = new Client({
  url: '/graphql',
  preferGetMethod: false,
  requestPolicy: 'cache-and-network',
  exchanges: [
    mapExchange({
      onError(error) {
        if (signedOut(error)) {
          listeners.forEach((listener) => listener());
        }
      },
    }),
    cacheExchange,
    fetchExchange,
  ],
});

export function codeOf(error: CombinedError | undefined): string | undefined {
  const code = error?.graphQLErrors[0]?.extensions['code'];
  return typeof code === 'string' ? code : undefined;
}

function signedOut(error: CombinedError): boolean {
  return ['session_ended', 'token_missing', 'cross_origin'].includes(codeOf(error) ?? '');
}

// wordsOf says what went wrong and what to do next.
export function wordsOf(error: CombinedError): string {
  const first = error.graphQLErrors[0];
  if (!first) {
    return 'Usher cannot be reached. Check the connection; the page goes on by itself as soon as it can.';
  }
  if (first.extensions['code'] === 'internal') {
    return `Usher failed to answer. Try again; if it goes on, tell your operator the request id ${String(first.extensions['requestId'])}.`;
  }
  return first.message.charAt(0).toUpperCase() + first.message.slice(1) + (/[.!?]$/.test(first.message) ? '' : '.');
}

// signIn uses a link up. It answers undefined, or why it did not work.
export async function signIn(link: string): Promise<string | undefined> {
  try {
    const response = await fetch('/console/session', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ link }),
    });
    if (response.ok) {
      return undefined;
    }
    const answer = (await response.json()) as { errors?: { message: string }[] };
    const message = answer.errors?.[0]?.message ?? 'signing in did not work; try again';
    return message.charAt(0).toUpperCase() + message.slice(1) + '.';
  } catch {
    return 'Usher cannot be reached. Check the connection and open the link again.';
  }
}

export async function signOut(): Promise<void> {
  await fetch('/console/session', { method: 'DELETE' });
  window.location.hash = '#/';
  window.location.reload();
}
