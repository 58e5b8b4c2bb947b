import { Alert, Button, Stack, Text } from '@mantine/core';
import { Component, type ReactNode } from 'react';

// Crash keeps a page that fails from taking the navigation with it, as when a new version was installed under an open tab.
export class Crash extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override render() {
    if (!this.state.failed) {
      return this.props.children;
    }
    return (
      <Alert color="red" title="This page could not be shown" role="alert">
        <Stack gap="xs" align="flex-start">
          <Text size="sm">Usher cannot be reached, or was updated while this tab was open. Load the page again; nothing is lost.</Text>
          <Button size="xs" variant="light" color="red" onClick={() => window.location.reload()}>Load again</Button>
        </Stack>
      </Alert>
    );
  }
}
