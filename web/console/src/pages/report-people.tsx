import { Anchor, Group, Select, Table, Text } from '@mantine/core';
import { useQuery } from 'urql';
import { codeOf } from '../client';
import { graphql } from '../gql';
import { definitions } from '../gql/definitions';
import type { SeatHolderOrderField, UtilizationFigure } from '../gql/graphql';
import { AsOfPicker, useAsOf } from '../parts/as-of';
import { nameOfDay } from '../parts/day';
import { Empty, Head, Pager, Waiting } from '../parts/page';
import { Problem } from '../parts/problem';
import { StateLabel } from '../parts/seats';
import { When } from '../parts/time';
import { go, settle, useRoute } from '../route';
import { useViewer } from '../viewer';
import { Downloads } from './reports';

const BehindQuery = graphql(`
  query Behind($id: ID!, $at: Time, $figure: UtilizationFigure!, $days: Int!, $filter: SeatHolderFilter, $order: SeatHolderOrder, $first: Int, $after: String, $last: Int, $before: String) {
    licenseUtilization(licenses: [$id], at: $at) {
      licenses {
        licenseId product
        people(figure: $figure, days: $days, filter: $filter, orderBy: $order, first: $first, after: $after, last: $last, before: $before) {
          totalCount
          pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
          nodes { userId userName displayName department state since assignedAt lastUsedAt reasons }
        }
      }
    }
  }
`);
const NamesQuery = graphql(`query PartNames($group: ID!, $config: ID!) { group: node(id: $group) { ... on Group { id displayName } } config: node(id: $config) { ... on ScimConfig { id name } } }`);

const d = definitions.LicenseUtilization;
const w = definitions.UtilizationWindow;
export const figures: Record<UtilizationFigure, { label: string; means: string; table: string }> = {
  ASSIGNED: { label: 'Assigned', means: d.assigned, table: 'assigned' }, INVITED: { label: 'Invited', means: d.invited, table: 'invited' }, ACTIVATED: { label: 'Activated', means: d.activated, table: 'activated' },
  CONSENT_PENDING: { label: 'Consent pending', means: d.consentPending, table: 'consentPending' }, PAUSED: { label: 'Paused', means: d.paused, table: 'paused' }, GRACE: { label: 'In grace', means: d.grace, table: 'grace' }, WAITING: { label: 'Waiting', means: d.waiting, table: 'waiting' },
  ACTIVE: { label: 'Active', means: w.active, table: 'active' }, INACTIVE: { label: 'Inactive', means: w.inactive, table: 'inactive' }, NEVER_USED: { label: 'Never used', means: d.neverUsed, table: 'neverUsed' }, RECLAIMABLE: { label: 'Could be taken back', means: d.reclaimable, table: 'reclaimable' },
};
export const whyReclaimed: Record<string, string> = { idle: 'not used for too long', never_activated: 'invited too long ago', left: 'has left' };
const orders: Record<SeatHolderOrderField, string> = { PERSON: 'As people were made', SINCE: 'Longest so', ASSIGNED_AT: 'First assigned', LAST_USED_AT: 'Longest not used' };
const size = 50;

// ReportPeople are the people behind a figure, on the day that the report is of.
export default function ReportPeople({ id, figure }: { id: string; figure: string }) {
  const viewer = useViewer();
  const asOf = useAsOf();
  const { query } = useRoute();
  const known = figure in figures ? (figure as UtilizationFigure) : 'ASSIGNED';
  const days = [30, 60, 90].find((n) => String(n) === query.get('days')) ?? 30;
  const text = (name: string) => query.get(name) ?? undefined;
  const filter = { groupId: text('groupId'), scimConfigId: text('scimConfigId'), department: text('department'), manager: text('manager') };
  const order = (Object.keys(orders) as SeatHolderOrderField[]).find((o) => o === query.get('order')) ?? (known === 'INACTIVE' || known === 'RECLAIMABLE' ? 'LAST_USED_AT' : 'PERSON');
  const [after, before] = [text('after'), text('before')];
  const [{ data, error, fetching }, again] = useQuery({
    query: BehindQuery, variables: { id, at: asOf.at, figure: known, days, filter, order: { field: order }, ...(before ? { last: size, before } : { first: size, after }) },
  });
  const named = viewer.seesAll && (filter.groupId || filter.scimConfigId);
  const [names] = useQuery({ query: NamesQuery, variables: { group: filter.groupId ?? filter.scimConfigId ?? '', config: filter.scimConfigId ?? filter.groupId ?? '' }, pause: !named });
  const l = data?.licenseUtilization.licenses[0];
  const found = l?.people;
  const unknown = codeOf(error) === 'use_unknown';
  const fresh = { after: undefined, before: undefined };
  const part = [
    filter.department !== undefined && (filter.department ? `department ${filter.department}` : 'no department'), filter.manager !== undefined && (filter.manager ? `manager ${filter.manager}` : 'no manager'),
    filter.groupId && `group ${(names.data?.group as { displayName?: string } | undefined)?.displayName ?? ''}`, filter.scimConfigId && `from ${(names.data?.config as { name?: string } | undefined)?.name ?? 'a SCIM configuration'}`,
  ].filter(Boolean).join(', ');
  const back = new URLSearchParams({ ...(asOf.day ? { at: asOf.day } : {}), ...(days !== 30 ? { days: String(days) } : {}) }).toString();
  return (
    <>
      <Head title={`${figures[known].label}${part ? `: ${part}` : ''}`} back={{ to: `#/reports/${id}${back ? '?' + back : ''}`, label: l?.product ?? 'Report' }}
        says={`${figures[known].means}${known === 'ACTIVE' || known === 'INACTIVE' ? ` W is ${days}.` : ''}${asOf.day ? ` As it was at the end of ${nameOfDay(asOf.day)}.` : ''}`}>
        <AsOfPicker of={asOf} resets={fresh} />
        {!filter.groupId && !filter.scimConfigId && filter.manager === undefined && (
          <Group align="flex-end" h="100%"><Downloads of={[{ label: 'These people', path: 'people', asked: { license: id, at: asOf.at, figure: figures[known].table, days: String(days), department: filter.department } }]} /></Group>
        )}
      </Head>
      <Group mb="md">
        <Select label="Figure" allowDeselect={false} w={200} value={known} data={Object.entries(figures).map(([value, f]) => ({ value, label: f.label }))}
          onChange={(v) => go(`#/reports/${id}/${v}${back ? '?' + back : ''}`)} />
        <Select label="Order" allowDeselect={false} w={190} value={order} data={Object.entries(orders).map(([value, label]) => ({ value, label }))} onChange={(v) => settle({ order: v ?? undefined, ...fresh })} />
      </Group>
      {!unknown && <Problem error={error} retry={() => again({ requestPolicy: 'network-only' })} />}
      <section className="card flush" aria-label="People">
        {!found && fetching && <Waiting rows={10} />}
        {unknown && <Empty title="Nobody knows">This figure rests on news of use, and no source has told of it by then, or one had fallen silent.</Empty>}
        {found?.nodes.length === 0 && <Empty title="Nobody">{part ? 'Nobody of this part counts for the figure.' : 'Nobody counts for the figure on that day.'}</Empty>}
        {found && found.nodes.length > 0 && (
          <>
            <Table.ScrollContainer minWidth={760}>
              <Table>
                <Table.Thead><Table.Tr><Table.Th>Person</Table.Th><Table.Th>Department</Table.Th><Table.Th>State</Table.Th><Table.Th>So since</Table.Th><Table.Th>Last used</Table.Th>{known === 'RECLAIMABLE' && <Table.Th>Why</Table.Th>}</Table.Tr></Table.Thead>
                <Table.Tbody>
                  {found.nodes.map((p) => (
                    <Table.Tr key={p.userId}>
                      <Table.Td>
                        {!p.userName ? <Text size="sm" c="dimmed">deleted</Text> : !viewer.seesAll ? <Text size="sm" fw={550}>{p.displayName || p.userName}</Text> : <Anchor size="sm" fw={550} href={`#/people/${p.userId}`}>{p.displayName || p.userName}</Anchor>}
                        {p.displayName && <Text size="xs" c="dimmed">{p.userName}</Text>}
                      </Table.Td>
                      <Table.Td><Text size="sm">{p.department}</Text></Table.Td>
                      <Table.Td><StateLabel state={p.state} /></Table.Td>
                      <Table.Td><When at={p.since} /></Table.Td>
                      <Table.Td><When at={p.lastUsedAt} /></Table.Td>
                      {known === 'RECLAIMABLE' && <Table.Td><Text size="sm">{p.reasons.map((r) => whyReclaimed[r] ?? r).join(', ')}</Text></Table.Td>}
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
            <Pager info={found.pageInfo} total={found.totalCount} shown={found.nodes.length} noun={['person', 'people']} turn={(to) => settle({ after: to.after, before: to.before })} />
          </>
        )}
      </section>
    </>
  );
}
