import { Anchor, Group, Stack, Text } from '@mantine/core';
import { When } from './time';

export interface Shown {
  id: string;
  kind: string;
  subjectId?: string | null;
  actorKind: string;
  actorName: string;
  at: string;
  data: unknown;
}

const words: Record<string, string> = {
  'user.created': 'Person created', 'user.changed': 'Person changed', 'user.deleted': 'Person deleted', 'user.blocked': 'Person blocked', 'user.unblocked': 'Person unblocked',
  'user.deactivated': 'Person deactivated', 'user.reactivated': 'Person reactivated', 'user.linked': 'Taken over by a SCIM configuration', 'user.unlinked': 'Let go by a SCIM configuration',
  'group.created': 'Group created', 'group.changed': 'Group changed', 'group.deleted': 'Group deleted', 'group.members_changed': 'Members changed',
  'seat.invited': 'Seat given', 'seat.activated': 'Seat activated', 'seat.waiting': 'Put in line for a seat', 'seat.released': 'Seat released', 'seat.transferred': 'Seat transferred', 'seat.grace': 'Seat kept in grace',
  'license.created': 'License bought', 'license.changed': 'License changed', 'license.resized': 'License resized',
  'scim_config.created': 'SCIM configuration added', 'scim_config.changed': 'SCIM configuration changed', 'scim_config.paused': 'SCIM configuration paused', 'scim_config.resumed': 'SCIM configuration resumed', 'scim_config.deleted': 'SCIM configuration deleted', 'scim_config.recognized': 'Provider recognized',
  'user.adopted': 'Taken over by a SCIM configuration', 'user.left': 'Let go by a SCIM configuration', 'group.drift_settled': 'Drift settled', 'group.bulk_removal': 'Many members removed at once',
  'group.hand_made_removed': 'Members by hand removed by a pushed list', 'group.suspicious_replace': 'A replace taken for an addition',
  'token.issued': 'Access token issued', 'token.revoked': 'Access token revoked',
  'administrator.created': 'Administrator made', 'administrator.changed': 'Administrator changed', 'administrator.removed': 'Administrator removed', 'administrator.invited': 'Administrator invited',
  'administrator.uninvited': 'Invitation taken back', 'administrator.signed_in': 'Signed in to the console', 'administrator.signed_out': 'Signed out of the console',
  'tenant.created': 'Tenant made', 'tenant.changed': 'Tenant changed', 'tenant.entered': 'The operator came in',
};

export function wordsFor(kind: string): string {
  const known = words[kind];
  if (known) {
    return known;
  }
  const text = kind.replace(/[._]/g, ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const colors: Record<string, string> = {
  user: 'var(--seat-invited)', group: 'var(--seat-consent)', seat: 'var(--seat-activated)', license: 'var(--seat-grace)', scim_config: 'var(--seat-waiting)',
};

export function linkOf(subject: string | null | undefined): string | undefined {
  const kind = subject?.split('_')[0];
  const pages: Record<string, string> = { usr: 'people', grp: 'groups', lic: 'licenses', scim: 'scim' };
  const page = kind ? pages[kind] : undefined;
  return page ? `#/${page}/${subject}` : undefined;
}

// detailOf picks from what an event says what a person wants to read at a glance.
export function detailOf(data: unknown): string {
  if (typeof data !== 'object' || !data) {
    return '';
  }
  const known = data as Record<string, unknown>;
  const parts: string[] = [];
  for (const name of ['displayName', 'userName', 'name', 'product', 'email', 'changed']) {
    const value = known[name];
    if (typeof value === 'string' && value && !/^[a-z]+_[0-9a-z]{26}$/.test(value) && !parts.includes(value)) {
      parts.push(value);
    } else if (Array.isArray(value) && value.every((v) => typeof v === 'string')) {
      parts.push(value.join(', '));
    }
  }
  return parts.slice(0, 3).join(' · ');
}

const actors: Record<string, string> = { scim: 'SCIM', admin: 'administrator', service: 'service', operator: 'operator', worker: 'Usher' };

export function EventRow({ event }: { event: Shown }) {
  const link = linkOf(event.subjectId);
  const detail = detailOf(event.data);
  return (
    <Group gap="sm" wrap="nowrap" align="flex-start" px="md" py={8}>
      <span className="timeline-dot" style={{ background: colors[event.kind.split('.')[0] ?? ''] }} />
      <Stack gap={0} flex={1} miw={0}>
        <Text size="sm">
          {link ? <Anchor href={link} size="sm" fw={550} c="inherit">{wordsFor(event.kind)}</Anchor> : <b>{wordsFor(event.kind)}</b>}
          {detail && <Text component="span" size="sm" c="dimmed"> · {detail}</Text>}
        </Text>
        <Text size="xs" c="dimmed">by {event.actorName || actors[event.actorKind] || event.actorKind}{event.actorName && actors[event.actorKind] !== event.actorName ? `, ${actors[event.actorKind] ?? event.actorKind}` : ''}</Text>
      </Stack>
      <When at={event.at} size="xs" />
    </Group>
  );
}
