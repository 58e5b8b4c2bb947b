import { Button, CopyButton, Group, Stack, Text } from '@mantine/core';
import { Icon } from './icon';

// Copy shows something to be pasted elsewhere.
export function Copy({ label, value, hint }: { label: string; value: string; hint?: string }) {
  return (
    <Stack gap={4}>
      <Text size="sm" fw={550}>{label}</Text>
      <Group gap="xs" wrap="nowrap" align="flex-start">
        <div className="secret" tabIndex={0} aria-label={label}>{value}</div>
        <CopyButton value={value} timeout={2500}>
          {({ copied, copy }) => (
            <Button variant={copied ? 'light' : 'default'} size="sm" onClick={copy} leftSection={<Icon name={copied ? 'check' : 'copy'} size={16} />} miw={104} aria-label={`Copy ${label}`}>
              {copied ? 'Copied' : 'Copy'}
            </Button>
          )}
        </CopyButton>
      </Group>
      {hint && <Text size="xs" c="dimmed">{hint}</Text>}
    </Stack>
  );
}
