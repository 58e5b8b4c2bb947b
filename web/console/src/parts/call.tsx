import { Badge, Group, Text } from '@mantine/core';
import type { CallVerdict } from '../gql/graphql';

const tones: Record<CallVerdict, string> = { DONE: 'usher', REFUSED: 'orange', FAILED: 'red' };

export function CallStatus({ call }: { call: { status: number; verdict: CallVerdict; detail?: string | null; probe: boolean } }) {
  return (
    <Group gap="xs" wrap="nowrap">
      <Badge variant="light" color={tones[call.verdict]} radius="sm">{call.status}</Badge>
      {call.detail ? <Text size="xs" c="dimmed" lineClamp={2}>{call.detail}</Text> : call.probe && <Text size="xs" c="dimmed">connection test</Text>}
    </Group>
  );
}
