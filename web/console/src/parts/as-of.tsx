import { Button, Group, TextInput } from '@mantine/core';
import { useMemo } from 'react';
import { settle, useRoute } from '../route';
import { useViewer } from '../viewer';
import { endOf, today, wellFormed } from './day';

export interface AsOf {
  day: string | undefined; // undefined for now
  at: string | undefined; // the moment to ask for
}

// useAsOf reads from the address which day a page is of.
export function useAsOf(): AsOf {
  const { query } = useRoute();
  const zone = useViewer().tenant?.timeZone ?? 'UTC';
  const given = query.get('at');
  return useMemo(() => {
    const day = wellFormed(given) && given < today(zone) ? given : undefined;
    return { day, at: day && endOf(day, zone) };
  }, [given, zone]);
}

// AsOfPicker chooses the day. Everything that the page shows is as it was at the end of that day.
export function AsOfPicker({ of, resets = {} }: { of: AsOf; resets?: Record<string, undefined> }) {
  const zone = useViewer().tenant?.timeZone ?? 'UTC';
  return (
    <Group gap="xs" align="flex-end" wrap="nowrap">
      <TextInput type="date" label="As of" max={today(zone)} value={of.day ?? today(zone)} w={160}
        onChange={(e) => { const day = e.currentTarget.value; if (wellFormed(day)) settle({ at: day < today(zone) ? day : undefined, ...resets }); }} />
      {of.day && <Button variant="default" onClick={() => settle({ at: undefined, ...resets })}>Now</Button>}
    </Group>
  );
}
