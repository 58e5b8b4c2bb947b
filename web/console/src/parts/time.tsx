import { Text, Tooltip } from '@mantine/core';
import { useEffect, useState } from 'react';

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' });
const day = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'short', year: 'numeric' });

const units: [Intl.RelativeTimeFormatUnit, number][] = [
  ['month', 30 * 86400], ['day', 86400], ['hour', 3600], ['minute', 60],
];

const far = 90 * 86_400; // beyond, the date says more than the distance

export function ago(at: string, now = Date.now()): string {
  const seconds = (Date.parse(at) - now) / 1000;
  if (Math.abs(seconds) > far) {
    return dateOf(at);
  }
  for (const [unit, size] of units) {
    if (Math.abs(seconds) >= size) {
      return relative.format(Math.trunc(seconds / size), unit);
    }
  }
  return seconds < 5 ? 'just now' : 'in a moment';
}

export function dateOf(at: string): string {
  return day.format(new Date(at));
}

export function daysUntil(at: string): number {
  return Math.ceil((Date.parse(at) - Date.now()) / 86_400_000);
}

// When shows a moment as a person says it, in the reader's zone, with the exact one on hover.
export function When({ at, none = 'never', size = 'sm' }: { at: string | null | undefined; none?: string; size?: string }) {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((n) => n + 1), 30_000);
    return () => clearInterval(timer);
  }, []);
  if (!at) {
    return <Text component="span" size={size} c="dimmed">{none}</Text>;
  }
  return (
    <Tooltip label={exact.format(new Date(at))}>
      <Text component="time" dateTime={at} size={size} style={{ whiteSpace: 'nowrap' }}>{ago(at)}</Text>
    </Tooltip>
  );
}
