import { Alert, Button, Center, Loader, Stack, Text, Title } from '@mantine/core';
import { Component, useCallback, useEffect, useState, type ReactNode } from 'react';
import { useBeat, useTick } from '../live';

// Crash keeps a page that fails from taking the navigation with it.
export class Crash extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override render() {
    return this.state.failed ? <Failed /> : this.props.children;
  }
}

// Failed tells why a page is not there. Who opens one for the first time reads it from the server: where that does not answer, the
// page comes as soon as it does; where it does, a new version was installed under the open tab.
function Failed() {
  const [answered, setAnswered] = useState<boolean>();
  useEffect(() => { void answers().then(setAnswered); }, []);
  const again = useCallback(async () => {
    if (await answers()) {
      window.location.reload();
    }
  }, []);
  const lost = answered === false;
  useBeat(() => { if (lost) void again(); });
  useTick(() => { if (lost) void again(); }, 5000);
  if (answered === undefined) {
    return <Center mih="40vh"><Loader aria-label="Loading" /></Center>;
  }
  return (
    <Alert color={lost ? 'orange' : 'red'} role="alert">
      <Stack gap="xs" align="flex-start">
        <Title order={1} fz="md">{lost ? 'Usher cannot be reached' : 'This page could not be shown'}</Title>
        <Text size="sm">{lost
          ? 'The server does not answer, and this page was not open before. Check the connection; the page opens by itself as soon as it can.'
          : 'Usher may have been updated while this tab was open. Load the page again; nothing is lost.'}</Text>
        <Button size="xs" variant="default" onClick={() => { if (lost) void again(); else window.location.reload(); }}>{lost ? 'Try again' : 'Load again'}</Button>
      </Stack>
    </Alert>
  );
}

// answers tells whether the server does. What stands before it may answer in its place, with an error.
async function answers(): Promise<boolean> {
  try {
    return (await fetch('/console/', { method: 'HEAD', cache: 'no-store' })).status < 500;
  } catch {
    return false;
  }
}
