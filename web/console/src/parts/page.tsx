import { Anchor, Button, Group, Skeleton, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { Icon } from './icon';

// Head is the beginning of every page: what it is, what to do there.
export function Head({ title, children, back, says }: { title: ReactNode; children?: ReactNode; back?: { to: string; label: string }; says?: ReactNode }) {
  return (
    <Stack gap={4} mb="lg">
      {back && <Anchor href={back.to} size="sm"><Group gap={2}><Icon name="back" size={14} />{back.label}</Group></Anchor>}
      <Group justify="space-between" align="flex-start">
        <div className="head-words">
          <Title order={1}>{title}</Title>
          {says && <Text c="dimmed" size="sm" mt={4} maw={680}>{says}</Text>}
        </div>
        <Group gap="xs" align="flex-end">{children}</Group>
      </Group>
    </Stack>
  );
}

// Empty says why a list has nothing, and what to do about it.
export function Empty({ title, children, action }: { title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <Stack align="center" gap={6} py={44} px="md" ta="center">
      <Text fw={600}>{title}</Text>
      {children && <Text size="sm" c="dimmed" maw={460}>{children}</Text>}
      {action && <div style={{ marginTop: 10 }}>{action}</div>}
    </Stack>
  );
}

export function Waiting({ rows = 5 }: { rows?: number }) {
  return (
    <Stack gap="sm" p="md" role="status" aria-busy="true" aria-label="Loading">
      {Array.from({ length: rows }, (_, n) => <Skeleton key={n} height={18} radius="sm" width={`${92 - (n % 3) * 14}%`} />)}
    </Stack>
  );
}

// scrolled makes a table without a link in it one that the keyboard can scroll, where it is wider than the window.
export const scrolled = { viewportProps: { tabIndex: 0 } };

// top brings the beginning of a list back into view when its page was turned.
function top(button: Element): void {
  button.closest('.card')?.scrollIntoView({ block: 'start', behavior: 'instant' });
}

export interface Place {
  after?: string | undefined;
  before?: string | undefined;
}

// Pager walks a list by its cursors, a page at a time: a long list is never held whole.
export function Pager({ info, total, shown, noun, turn }: {
  info: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor?: string | null; endCursor?: string | null };
  total?: number | undefined;
  shown: number;
  noun: [string, string];
  turn: (to: Place) => void;
}) {
  return (
    <Group justify="space-between" px="md" py="xs" style={{ borderTop: '1px solid var(--line)' }}>
      <Text size="sm" c="dimmed" role="status">
        {total === undefined ? `${shown} shown` : `${shown.toLocaleString('en')} of ${total.toLocaleString('en')} ${total === 1 ? noun[0] : noun[1]}`}
      </Text>
      {(info.hasNextPage || info.hasPreviousPage) && (
        <Group gap="xs">
          <Button size="xs" variant="default" disabled={!info.hasPreviousPage} onClick={(e) => { top(e.currentTarget); turn({ before: info.startCursor ?? undefined }); }}>Previous</Button>
          <Button size="xs" variant="default" disabled={!info.hasNextPage} onClick={(e) => { top(e.currentTarget); turn({ after: info.endCursor ?? undefined }); }}>Next</Button>
        </Group>
      )}
    </Group>
  );
}

export function Facts({ of }: { of: [ReactNode, ReactNode][] }) {
  return (
    <dl style={{ margin: 0, display: 'grid', gridTemplateColumns: 'minmax(110px, max-content) 1fr', gap: '6px 20px' }}>
      {of.map(([name, value], n) => (
        <div key={n} style={{ display: 'contents' }}>
          <Text component="dt" size="sm" c="dimmed">{name}</Text>
          <Text component="dd" size="sm" m={0} style={{ overflowWrap: 'anywhere' }}>{value}</Text>
        </div>
      ))}
    </dl>
  );
}
