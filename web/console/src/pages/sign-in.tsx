import { Alert, Button, Card, Center, Code, Group, Loader, Stack, Text, Title } from '@mantine/core';
import { useEffect, useState } from 'react';
import { signIn } from '../client';
import { Icon } from '../parts/icon';

// SignIn opens a link. It takes a click: a mail program that looks into links in advance would use it up otherwise.
export function SignIn({ link }: { link: string }) {
  const [state, setState] = useState<'asked' | 'busy' | string>('asked');
  const enter = async () => {
    setState('busy');
    const failed = await signIn(link);
    if (failed) {
      setState(failed);
      return;
    }
    window.history.replaceState(null, '', comeBack()); // the link is used up: it need not stay in the history
    window.location.reload();
  };
  return (
    <Front>
      {state === 'asked' && (
        <>
          <Text size="sm" c="dimmed">This link signs you in to Usher's console, once, in this browser.</Text>
          <Button onClick={() => void enter()} fullWidth size="md" autoFocus>Sign in</Button>
        </>
      )}
      {state === 'busy' && <Loader aria-label="Signing in" />}
      {state !== 'asked' && state !== 'busy' && (
        <>
          <Alert color="red" icon={<Icon name="warn" />} title="You are not signed in" role="alert" w="100%">{state}</Alert>
          <NewLink />
        </>
      )}
    </Front>
  );
}

const kept = 'usher.page';

// leave keeps the page that somebody was at when her session ended.
function leave(): void {
  const at = window.location.hash;
  if (at.startsWith('#/') && !at.startsWith('#/sign-in')) {
    window.localStorage.setItem(kept, at);
  }
}

// comeBack is the page that she was at, once.
function comeBack(): string {
  const at = window.localStorage.getItem(kept) ?? '#/';
  window.localStorage.removeItem(kept);
  return at.startsWith('#/') && !at.startsWith('#/sign-in') ? at : '#/';
}

// SignedOut is what somebody sees who is not signed in, or not any more.
export function SignedOut({ ended }: { ended: boolean }) {
  useEffect(leave, []);
  return (
    <Front>
      <Text fw={600} role={ended ? 'alert' : undefined}>{ended ? 'Your session has ended' : 'You are signed out'}</Text>
      {ended && <Text size="sm">Nothing that was saved is lost. A new link brings you back to the page that you were at.</Text>}
      <Text size="sm" c="dimmed">Open the link that you were given. A link works once and for 72 hours; a session ends after 12 hours without use.</Text>
      <Button variant="default" onClick={() => window.location.reload()}>I have signed in elsewhere in this browser</Button>
      <NewLink />
    </Front>
  );
}

function NewLink() {
  return (
    <Text size="sm" c="dimmed" component="div">
      Any full administrator can make a new one for you under Administrators, and so can the operator:
      <Code block mt={6} style={{ whiteSpace: 'pre-wrap' }}>usher console --tenant … --admin you@example.com</Code>
    </Text>
  );
}

export function Front({ children, wide }: { children: React.ReactNode; wide?: boolean }) {
  return (
    <Center mih="100vh" p="md" style={{ background: 'var(--quiet)' }}>
      <Card withBorder w="100%" maw={wide ? 640 : 420} p="xl" component="main">
        <Stack align="stretch">
          <Group gap="sm">
            <Icon name="logo" size={34} />
            <Title order={1} size="h2">Usher</Title>
          </Group>
          {children}
        </Stack>
      </Card>
    </Center>
  );
}
