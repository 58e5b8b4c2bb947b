import { Group, Select, Table, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { useQuery } from 'urql';
import { graphql } from '../gql';
import { definitions } from '../gql/definitions';
import type { BreakdownDimension } from '../gql/graphql';
import type { AsOf } from '../parts/as-of';
import { Count, Term } from '../parts/figure';
import { money, percent } from '../parts/money';
import { Empty, Pager, Waiting, type Place } from '../parts/page';
import { Problem } from '../parts/problem';
import { settle, useRoute } from '../route';
import { d } from './report';

const BreakdownQuery = graphql(`
  query Breakdown($id: ID!, $at: Time, $by: BreakdownDimension!, $first: Int, $after: String, $last: Int, $before: String) {
    licenseUtilization(licenses: [$id], at: $at) {
      licenses {
        license { id }
        breakdown(by: $by, first: $first, after: $after, last: $last, before: $before) {
          totalCount
          pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
          nodes { key label assigned activated waiting activationRate windows { days active utilizationOfAssigned unused { seats cost currency } } }
        }
      }
    }
  }
`);

const by: Record<BreakdownDimension, { label: string; filter: string; none: string }> = {
  DEPARTMENT: { label: 'Department', filter: 'department', none: 'No department' },
  GROUP: { label: 'Group', filter: 'groupId', none: 'In no group' },
  SCIM_CONFIG: { label: 'SCIM configuration', filter: 'scimConfigId', none: 'Not from a provider' },
  MANAGER: { label: 'Manager', filter: 'manager', none: 'No manager' },
};
const w = definitions.UtilizationWindow;
const size = 20;

// Breakdown shows which groups, departments, configurations or managers have the seats, and how well they use them.
export function Breakdown({ id, asOf, days }: { id: string; asOf: AsOf; days: number }) {
  const { query } = useRoute();
  const dimension = (Object.keys(by) as BreakdownDimension[]).find((b) => b === query.get('by')) ?? 'DEPARTMENT';
  const [place, setPlace] = useState<Place>({});
  const [{ data, error, fetching }, again] = useQuery({
    query: BreakdownQuery, variables: { id, at: asOf.at, by: dimension, ...(place.before ? { last: size, before: place.before } : { first: size, after: place.after }) },
  });
  const found = data?.licenseUtilization.licenses[0]?.breakdown;
  const named = dimension === 'GROUP' || dimension === 'SCIM_CONFIG'; // by an id, which none has who is in none
  const who = (figure: string, key: string) => key === '' && named ? undefined : `#/reports/${id}/${figure}?${new URLSearchParams({ ...(asOf.day ? { at: asOf.day } : {}), ...(days !== 30 ? { days: String(days) } : {}), [by[dimension].filter]: key }).toString()}`;
  return (
    <section aria-labelledby="breakdown">
      <Group justify="space-between" align="flex-end" mb="xs">
        <div><Title order={2} id="breakdown">By {by[dimension].label.replace(/^[A-Z](?![A-Z])/, (c) => c.toLowerCase())}</Title>{asOf.day && <Text size="sm" c="dimmed">By what people are today: the directory keeps no history of theirs.</Text>}</div>
        <Select size="xs" aria-label="Break down by" allowDeselect={false} w={180} value={dimension} onChange={(v) => { setPlace({}); settle({ by: v === 'DEPARTMENT' ? undefined : v ?? undefined }); }} data={Object.entries(by).map(([value, b]) => ({ value, label: b.label }))} />
      </Group>
      <Problem error={error} retry={() => again({ requestPolicy: 'network-only' })} />
      <div className="card flush">
        {!found && fetching && <Waiting rows={6} />}
        {found?.totalCount === 0 && <Empty title="Nobody sits here or waits">As soon as somebody does, the parts are compared here.</Empty>}
        {found && found.nodes.length > 0 && (
          <>
            <Table.ScrollContainer minWidth={720}>
              <Table>
                <Table.Thead><Table.Tr>
                  <Table.Th>{by[dimension].label}</Table.Th>
                  <Table.Th ta="right"><Term means={d.assigned}>Assigned</Term></Table.Th>
                  <Table.Th ta="right"><Term means={d.activationRate}>Activated</Term></Table.Th>
                  <Table.Th ta="right"><Term means={w.active}>Active</Term></Table.Th>
                  <Table.Th ta="right"><Term means={w.utilizationOfAssigned}>Used of assigned</Term></Table.Th>
                  <Table.Th ta="right"><Term means="Assigned seats that are not active, and what they cost in a year.">Not used</Term></Table.Th>
                  <Table.Th ta="right"><Term means={d.waiting}>Waiting</Term></Table.Th>
                </Table.Tr></Table.Thead>
                <Table.Tbody>
                  {found.nodes.map((p) => {
                    const use = p.windows.find((x) => x.days === days);
                    const label = p.key === '' ? by[dimension].none : p.label || p.key;
                    return (
                      <Table.Tr key={p.key}>
                        <Table.Td><Text size="sm" c={p.key === '' ? 'dimmed' : undefined}>{label}</Text></Table.Td>
                        <Table.Td ta="right"><Count n={p.assigned} label={`assigned, ${label}`} href={who('ASSIGNED', p.key)} /></Table.Td>
                        <Table.Td ta="right"><Text size="sm">{percent(p.activationRate)}</Text></Table.Td>
                        <Table.Td ta="right"><Count n={use?.active} label={`active, ${label}`} href={who('ACTIVE', p.key)} /></Table.Td>
                        <Table.Td ta="right"><Meter rate={use?.utilizationOfAssigned} /></Table.Td>
                        <Table.Td ta="right"><Text size="sm">{use?.unused ? use.unused.seats : '–'}{use?.unused?.cost ? <Text component="span" size="xs" c="dimmed"> · {money(use.unused.cost, use.unused.currency)}</Text> : null}</Text></Table.Td>
                        <Table.Td ta="right"><Count n={p.waiting} label={`waiting, ${label}`} href={who('WAITING', p.key)} /></Table.Td>
                      </Table.Tr>
                    );
                  })}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
            <Pager info={found.pageInfo} total={found.totalCount} shown={found.nodes.length} noun={['part', 'parts']} turn={setPlace} />
          </>
        )}
      </div>
    </section>
  );
}

// Meter is a rate with a bar beneath it.
function Meter({ rate }: { rate: number | null | undefined }) {
  return (
    <div className="meter">
      <Text component="span" size="sm">{percent(rate)}</Text>
      <span className="meter-bar" aria-hidden="true"><span style={{ width: `${Math.min(100, 100 * (rate ?? 0))}%` }} /></span>
    </div>
  );
}
