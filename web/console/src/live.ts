import { createContext, useContext, useEffect, useRef, useState } from 'react';

export interface LiveEvent {
  id: string;
  number: number;
  kind: string;
  subjectId: string | null;
  actorKind: string;
  actorName: string;
  at: string;
  data: unknown;
}

const query = `subscription Live($after: Int64) { events(after: $after) { id number kind subjectId actorKind actorName at data } }`;

export interface Live {
  // beat grows when something of the tenant has changed; pages read again then.
  beat: number;
  connected: boolean;
  newest: LiveEvent[];
}

export const LiveContext = createContext<Live>({ beat: 0, connected: false, newest: [] });

export function useLive(): Live {
  return useContext(LiveContext);
}

// useBeat calls a function each time something has changed, but not at first.
export function useBeat(changed: () => void): void {
  const { beat } = useLive();
  const seen = useRef(beat);
  const latest = useRef(changed);
  latest.current = changed;
  useEffect(() => {
    if (seen.current !== beat) {
      seen.current = beat;
      latest.current();
    }
  }, [beat]);
}

// useCalmBeat calls a function when something has changed, but not more often than every few seconds: for what costs more to read.
export function useCalmBeat(changed: () => void, every = 5000): void {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const last = useRef(Date.now());
  const latest = useRef(changed);
  latest.current = changed;
  useEffect(() => () => clearTimeout(timer.current), []);
  useBeat(() => {
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      last.current = Date.now();
      latest.current();
    }, Math.max(300, last.current + every - Date.now()));
  });
}

// useTick calls a function again and again while somebody looks, for what no journal tells.
export function useTick(due: () => void, every: number): void {
  const latest = useRef(due);
  latest.current = due;
  useEffect(() => {
    const timer = setInterval(() => { if (!document.hidden) latest.current(); }, every);
    return () => clearInterval(timer);
  }, [every]);
}

const kept = 200;
const pollEvery = 10_000;

// useStream listens to the tenant's journal over server-sent events. While that does not work it polls: the beat grows by itself.
export function useStream(active: boolean): Live {
  const [live, setLive] = useState<Live>({ beat: 0, connected: false, newest: [] });
  useEffect(() => {
    if (!active) {
      return undefined;
    }
    const stop = new AbortController();
    let last: number | undefined;
    let waiting: LiveEvent[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const tell = () => {
      timer = undefined;
      const came = waiting;
      waiting = [];
      setLive((was) => ({ ...was, beat: was.beat + 1, newest: [...came.reverse(), ...was.newest].slice(0, kept) }));
    };
    const receive = (event: LiveEvent) => {
      last = event.number;
      waiting.push(event);
      timer ??= setTimeout(tell, 300); // many changes in a row are one
    };
    const poll = setInterval(() => {
      setLive((was) => (was.connected ? was : { ...was, beat: was.beat + 1 }));
    }, pollEvery);
    void keepOpen(stop.signal, () => last, receive, (connected) => {
      setLive((was) => ({ ...was, connected, beat: connected ? was.beat + 1 : was.beat }));
    });
    return () => {
      stop.abort();
      clearInterval(poll);
      clearTimeout(timer);
    };
  }, [active]);
  return live;
}

// keepOpen opens the stream again whenever it ends, where it has ended, at growing distances while that fails.
async function keepOpen(signal: AbortSignal, after: () => number | undefined, receive: (e: LiveEvent) => void, opened: (yes: boolean) => void) {
  let pause = 1000;
  while (!signal.aborted) {
    try {
      await listen(signal, after(), receive, () => {
        pause = 1000;
        opened(true);
      });
    } catch {
      // the pause below is all there is to do
    }
    if (signal.aborted) {
      return;
    }
    opened(false);
    await new Promise((done) => setTimeout(done, pause * (0.75 + Math.random() / 2)));
    pause = Math.min(pause * 2, 30_000);
  }
}

async function listen(signal: AbortSignal, after: number | undefined, receive: (e: LiveEvent) => void, opened: () => void) {
  const response = await fetch('/graphql', {
    method: 'POST',
    signal,
    headers: { 'Content-Type': 'application/json', Accept: 'text/event-stream' },
    body: JSON.stringify({ query, variables: { after } }),
  });
  if (!response.ok || !response.body || !response.headers.get('Content-Type')?.startsWith('text/event-stream')) {
    throw new Error('no stream');
  }
  opened();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      return;
    }
    text += value;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const message = text.slice(0, end);
      text = text.slice(end + 2);
      if (take(message, receive)) {
        return;
      }
    }
  }
}

// take reads one message, and tells whether it was the last.
function take(message: string, receive: (e: LiveEvent) => void): boolean {
  const lines = message.split('\n');
  const kind = lines.find((l) => l.startsWith('event:'))?.slice(6).trim();
  if (kind === 'complete') {
    return true;
  }
  if (kind === 'next') {
    const data = lines.filter((l) => l.startsWith('data:')).map((l) => l.slice(5)).join('\n');
    const answer = JSON.parse(data) as { data?: { events?: LiveEvent } | null };
    if (answer.data?.events) {
      receive(answer.data.events);
    }
  }
  return false;
}
