import { Button, Group, Select, Text } from '@mantine/core';
import { useState } from 'react';
import { useQuery } from 'urql';
import { graphql } from '../gql';
import { useBeat, useLive } from '../live';
import { EventRow, wordsFor } from '../parts/event';
import { Empty, Head, Waiting } from '../parts/page';
import { Problem } from '../parts/problem';
import { settle, useRoute } from '../route';

const EventsQuery = graphql(`
  query Events($last: Int!, $before: String, $filter: EventFilter) {
    events(last: $last, before: $before, filter: $filter) {
      pageInfo { hasPreviousPage startCursor }
      nodes { id number kind subjectId subject { id ... on User { userName displayName } ... on Group { groupName: displayName } } actorKind actorName at data }
    }
  }
`);

const kinds = [
  'user.created', 'user.changed', 'user.deactivated', 'user.reactivated', 'user.blocked', 'user.unblocked', 'user.deleted', 'user.adopted', 'user.left',
  'seat.waiting', 'seat.consent_pending', 'seat.invited', 'seat.activated', 'seat.paused', 'seat.grace', 'seat.released', 'seat.transferred', 'seat.reclaim_noticed', 'seat.reclaim_undone',
  'group.created', 'group.changed', 'group.members_changed', 'group.deleted', 'group.bulk_removal', 'group.drift_settled', 'group.hand_made_removed', 'group.suspicious_replace',
  'license.created', 'license.changed', 'rule.created', 'rule.revised', 'rule.published', 'rule.applied', 'rule.retired', 'alert.raised', 'alert.over', 'scim_config.created', 'scim_config.changed', 'scim_config.paused', 'scim_config.resumed', 'scim_config.deleted', 'scim_config.recognized',
  'token.issued', 'token.revoked', 'administrator.created', 'administrator.invited', 'administrator.changed', 'administrator.removed', 'administrator.signed_in', 'administrator.signed_out',
  'tenant.changed', 'tenant.entered', 'attribute_schema.registered', 'attribute_schema.changed', 'attribute_schema.removed', 'attribute_schema.ready',
];
const families: Record<string, string> = { user: 'People', seat: 'Seats', group: 'Groups', license: 'Licenses', rule: 'Licenses', alert: 'Licenses', scim_config: 'SCIM configurations', token: 'Access', administrator: 'Access', attribute_schema: 'Tenant', tenant: 'Tenant' };
const choices = [...new Set(Object.values(families))].map((group) => ({
  group,
  items: [
    { value: 'family:' + group, label: `Everything about ${group.toLowerCase().replace('scim', 'SCIM')}` },
    ...kinds.filter((k) => families[k.split('.')[0] ?? ''] === group).map((k) => ({ value: k, label: wordsFor(k) })),
  ],
}));

const size = 100;

// Activity is the tenant's journal: the newest first, live.
export default function Activity() {
  const { query } = useRoute();
  const { connected } = useLive();
  const kind = query.get('kind') ?? '';
  const before = query.get('before') ?? undefined;
  const wanted = kind.startsWith('family:') ? kinds.filter((k) => families[k.split('.')[0] ?? ''] === kind.slice(7)) : kind ? [kind] : null;
  const [trail, setTrail] = useState<string[]>([]);
  const [{ data, error, fetching }, again] = useQuery({ query: EventsQuery, variables: { last: size, before, filter: wanted ? { kinds: wanted } : null } });
  useBeat(() => { if (!before) again({ requestPolicy: 'network-only' }); });
  const found = data?.events;
  const shown = [...(found?.nodes ?? [])].reverse();
  return (
    <>
      <Head title="Activity" says={<>Everything that changed, who changed it and when. {before ? 'You look at earlier changes; the newest are not shown.' : connected ? 'New changes appear by themselves.' : 'Read again every 10 seconds.'}</>} />
      <Group mb="md">
        <Select label="Show" searchable clearable placeholder="Everything" w={320} data={choices} value={kind || null} onChange={(v) => { setTrail([]); settle({ kind: v ?? undefined, before: undefined }); }} />
      </Group>
      <Problem error={error} retry={() => again({ requestPolicy: 'network-only' })} />
      <div className="card flush" role="log" aria-label="Changes" aria-live="off">
        {!found && fetching && <Waiting rows={12} />}
        {found && shown.length === 0 && <Empty title={kind ? 'Nothing of that kind has happened' : 'Nothing has happened yet'}>{kind ? 'Show everything to see what has.' : 'As soon as a provider or an administrator changes something, it is here.'}</Empty>}
        {shown.map((e) => <EventRow key={e.id} event={e} />)}
      </div>
      {found && shown.length > 0 && (
        <Group justify="space-between" mt="sm">
          <Text size="sm" c="dimmed">{shown.length} changes</Text>
          <Group gap="xs">
            <Button size="xs" variant="default" disabled={!before} onClick={() => { const rest = trail.slice(0, -1); setTrail(rest); settle({ before: rest.at(-1) }); }}>Later</Button>
            <Button size="xs" variant="default" disabled={!found.pageInfo.hasPreviousPage} onClick={() => { const to = found.pageInfo.startCursor ?? ''; setTrail((t) => [...t, to]); settle({ before: to }); }}>Earlier</Button>
          </Group>
        </Group>
      )}
    </>
  );
}
