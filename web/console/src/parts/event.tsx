import { Anchor, Group, Stack, Text } from '@mantine/core';
import { useQuery } from 'urql';
import { graphql } from '../gql';
import { number, reasonOf } from './seats';
import { When } from './time';

export interface Shown {
  id: string;
  kind: string;
  subjectId?: string | null;
  subject?: unknown; // a person or a group, where the page has asked for her
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
  'seat.consent_pending': 'Asked for her consent', 'seat.paused': 'Seat paused', 'seat.reclaim_noticed': 'Told that the seat will be taken back', 'seat.reclaim_undone': 'Taking back undone',
  'rule.created': 'Rule drafted', 'rule.revised': 'Rule drafted anew', 'rule.published': 'Rule published', 'rule.applied': 'Rule applied', 'rule.retired': 'Rule retired',
  'alert.raised': 'Alert', 'alert.over': 'Alert over', 'attribute_schema.registered': 'Attributes added', 'attribute_schema.changed': 'Attributes changed', 'attribute_schema.removed': 'Attributes removed', 'attribute_schema.ready': 'Attributes ready',
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
  user: 'var(--seat-invited)', group: 'var(--seat-consent)', seat: 'var(--seat-activated)', license: 'var(--seat-grace)', scim_config: 'var(--seat-waiting)', rule: 'var(--seat-grace)', alert: 'var(--seat-over)',
};

export function linkOf(subject: string | null | undefined): string | undefined {
  const kind = subject?.split('_')[0];
  const pages: Record<string, string> = { usr: 'people', grp: 'groups', lic: 'licenses', scim: 'scim', rule: 'rules' };
  const page = kind ? pages[kind] : undefined;
  return page ? `#/${page}/${subject}` : undefined;
}

const LicenseNames = graphql(`query LicenseNames { licenses(first: 100) { nodes { id product } } }`);

const alerts: Record<string, (threshold: number, value: number) => string> = {
  taken: (t, v) => `${v} % of the seats taken, at least ${t} %`, waiting: (_, v) => `${number(v)} wait`, run_out: (t, v) => `no seat free in ${v} days, at most ${t}`, utilization: (t, v) => `${v} % used, under ${t} %`,
};

// detailOf picks from what an event says what a person wants to read at a glance.
export function detailOf(kind: string, data: unknown, products: ReadonlyMap<string, string>): string[] {
  if (typeof data !== 'object' || !data) {
    return [];
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
  const { license, cause, changes, added, removed, threshold, value } = known;
  const product = typeof license === 'string' ? products.get(license) : undefined;
  if (product && !parts.includes(product)) {
    parts.push(product);
  }
  if (kind.startsWith('seat.') && typeof cause === 'string' && cause) {
    parts.push(reasonOf(cause));
  }
  if (typeof changes === 'object' && changes) {
    parts.push(Object.keys(changes).join(', '));
  }
  for (const [list, word] of [[added, 'added'], [removed, 'removed']] as const) {
    if (Array.isArray(list) && list.length > 0) {
      parts.push(`${number(list.length)} ${word}`);
    }
  }
  if (kind.startsWith('alert.') && typeof known['kind'] === 'string' && typeof threshold === 'number' && typeof value === 'number') {
    parts.push(alerts[known['kind']]?.(threshold, value) ?? '');
  }
  return parts.filter(Boolean);
}

const actors: Record<string, string> = { scim: 'SCIM', admin: 'administrator', service: 'service', operator: 'operator', worker: 'Usher' };

// about names the person or the group of an event, as she is called now.
function about(subject: unknown): string | undefined {
  if (typeof subject !== 'object' || !subject) {
    return undefined;
  }
  const of = subject as { userName?: string; displayName?: string; groupName?: string };
  return of.displayName || of.userName || of.groupName;
}

export function EventRow({ event }: { event: Shown }) {
  const link = linkOf(event.subjectId);
  const [{ data }] = useQuery({ query: LicenseNames, requestPolicy: 'cache-first' });
  const products = new Map(data?.licenses.nodes.map((l) => [l.id, l.product]));
  const name = about(event.subject);
  const detail = [name, ...detailOf(event.kind, event.data, products).filter((d) => d !== name)].filter(Boolean).slice(0, 3).join(' · ');
  return (
    <Group gap="sm" wrap="nowrap" align="flex-start" px="md" py={8}>
      <span className="timeline-dot" style={{ background: colors[event.kind.split('.')[0] ?? ''] }} />
      <Stack gap={0} flex={1} miw={0}>
        <Text size="sm">
          {link ? <Anchor href={link} size="sm" fw={550} c="inherit">{wordsFor(event.kind)}</Anchor> : <b>{wordsFor(event.kind)}</b>}
          {detail && <Text component="span" size="sm" c="dimmed"> · {detail}</Text>}
        </Text>
        <Text size="xs" c="dimmed">by {event.actorKind === 'worker' || event.actorKind === 'system' ? 'Usher' : <>{event.actorName || actors[event.actorKind] || event.actorKind}{event.actorName && actors[event.actorKind] !== event.actorName ? `, ${actors[event.actorKind] ?? event.actorKind}` : ''}</>}</Text>
      </Stack>
      <When at={event.at} size="xs" />
    </Group>
  );
}
