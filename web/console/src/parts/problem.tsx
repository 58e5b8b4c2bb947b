import { Alert, Button, Stack, Text } from '@mantine/core';
import type { CombinedError } from 'urql';
import { wordsOf } from '../client';
import { Icon } from './icon';

// Problem says what went wrong, and what to do next.
export function Problem({ error, retry }: { error: CombinedError | undefined; retry?: () => void }) {
  if (!error) {
    return null;
  }
  return (
    <Alert color="red" icon={<Icon name="warn" />} title="This did not work" role="alert">
      <Stack gap="xs" align="flex-start">
        <Text size="sm">{wordsOf(error)}</Text>
        {retry && <Button size="xs" variant="light" color="red" onClick={retry}>Try again</Button>}
      </Stack>
    </Alert>
  );
}
