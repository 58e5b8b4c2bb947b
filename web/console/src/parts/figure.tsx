import { Anchor, Text, Tooltip } from '@mantine/core';
import { useId, type ReactNode } from 'react';
import { number } from './seats';

// Term names a figure. What it means is one hover or one focus away.
export function Term({ children, means, size = 'sm', dimmed = true }: { children: ReactNode; means: string; size?: string; dimmed?: boolean }) {
  const id = useId();
  return (
    <Tooltip label={means} events={{ hover: true, focus: true, touch: true }}>
      <Text component="span" size={size} c={dimmed ? 'dimmed' : undefined} tabIndex={0} className="definition" aria-describedby={id}>
        {children}<span hidden id={id}>{means}</span>
      </Text>
    </Tooltip>
  );
}

// Count is a number that leads to the list behind it, where there is one; what is unknown is a dash that says so.
export function Count({ n, href, label }: { n: number | null | undefined; href?: string | undefined; label: string }) {
  if (n === null || n === undefined) {
    return <Tooltip label="Unknown: no source tells of the use of this license, or one has fallen silent."><Text component="span" size="sm" c="dimmed" tabIndex={0} aria-label={`${label}: unknown`} role="img">–</Text></Tooltip>;
  }
  return href && n > 0 ? <Anchor href={href} size="sm" fw={550} aria-label={`${number(n)} ${label}: see who`}>{number(n)}</Anchor> : <Text component="span" size="sm" fw={550}>{number(n)}</Text>;
}
