import { Center, Loader } from '@mantine/core';
import { useCallback, useEffect, useRef, useState } from 'react';
import { useQuery } from 'urql';
import { codeOf, onSignedOut } from './client';
import { graphql } from './gql';
import { LiveContext, useStream } from './live';
import { Problem } from './parts/problem';
import { useRoute } from './route';
import { Shell } from './shell';
import { SignIn, SignedOut } from './pages/sign-in';
import { Tenants } from './pages/tenants';
import { able, ViewerContext } from './viewer';

const ViewerQuery = graphql(`
  query Viewer {
    viewer {
      kind
      name
      email
      role
      scopes
      administratorId
      session { id }
      tenant { id name slug plan hasScim timeZone }
    }
  }
`);

// App shows who is signed in what she may see, and everybody else how to sign in.
export function App() {
  const route = useRoute();
  if (route.path[0] === 'sign-in' && route.path[1]) {
    return <SignIn link={route.path[1]} />;
  }
  return <SignedIn />;
}

function SignedIn() {
  const [{ data, error, fetching }, again] = useQuery({ query: ViewerQuery });
  const [ended, setEnded] = useState(false);
  const came = useRef(false);
  came.current ||= !!data?.viewer;
  useEffect(() => onSignedOut(() => { if (came.current) setEnded(true); }), []);
  const viewer = data?.viewer;
  const live = useStream(!ended && !!viewer?.tenant && able(viewer).seesAll);
  const refresh = useCallback(() => again({ requestPolicy: 'network-only' }), [again]);
  if (ended || ['session_ended', 'token_missing'].includes(codeOf(error) ?? '')) {
    return <SignedOut ended={ended || codeOf(error) === 'session_ended'} />;
  }
  if (!viewer) {
    return <Center mih="60vh">{error && !fetching ? <Problem error={error} retry={refresh} /> : <Loader aria-label="Loading" />}</Center>;
  }
  return (
    <ViewerContext.Provider value={{ ...viewer, ...able(viewer), refresh }}>
      <LiveContext.Provider value={live}>{viewer.tenant ? <Shell /> : <Tenants />}</LiveContext.Provider>
    </ViewerContext.Provider>
  );
}
