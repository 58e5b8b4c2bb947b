import { Badge, Group, Select, Table, Text, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useState } from 'react';
import { useQuery } from 'urql';
import { graphql } from '../gql';
import { useBeat } from '../live';
import { Icon } from '../parts/icon';
import { Empty, Head, Pager, Waiting } from '../parts/page';
import { Problem } from '../parts/problem';
import { number } from '../parts/seats';
import { When } from '../parts/time';
import { go, settle, useRoute } from '../route';
import { ConfigChoices } from './people';

const GroupsQuery = graphql(`
  query Groups($first: Int, $after: String, $last: Int, $before: String, $filter: GroupFilter) {
    groups(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
      totalCount
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      nodes {
        id displayName updatedAt
        scimConfig { id name }
        members { totalCount }
        parkedMembers { totalCount }
        drift { totalCount }
      }
    }
  }
`);

const size = 50;

export default function Groups() {
  const { query } = useRoute();
  const search = query.get('search') ?? '';
  const after = query.get('after') ?? undefined;
  const before = query.get('before') ?? undefined;
  const [configs] = useQuery({ query: ConfigChoices });
  const [typed, setTyped] = useState(search);
  const seek = useDebouncedCallback((text: string) => settle({ search: text, after: undefined, before: undefined }), 250);
  const [{ data, error, fetching }, again] = useQuery({
    query: GroupsQuery, variables: { filter: { search: search || null, scimConfigId: query.get('config') || null }, ...(before ? { last: size, before } : { first: size, after }) },
  });
  useBeat(() => again({ requestPolicy: 'network-only' }));
  const found = data?.groups;
  return (
    <>
      <Head title="Groups" says="Groups as your identity providers push them. Where a group differs from what its provider lists, it drifts." />
      <Group mb="md" align="flex-end">
        <TextInput label="Search" placeholder="Beginning of a name" leftSection={<Icon name="search" size={16} />} value={typed} w={{ base: '100%', xs: 340 }}
          onChange={(e) => { setTyped(e.currentTarget.value); seek(e.currentTarget.value); }} />
        <Select label="From" w={200} allowDeselect={false} value={query.get('config') ?? 'all'} onChange={(v) => settle({ config: v === 'all' ? undefined : v ?? undefined, after: undefined, before: undefined })}
          data={[{ value: 'all', label: 'Anywhere' }, ...(configs.data?.tenant.scimConfigs.nodes ?? []).map((c) => ({ value: c.id, label: c.name }))]} />
      </Group>
      <Problem error={error} retry={() => again({ requestPolicy: 'network-only' })} />
      <div className="card flush">
        {!found && fetching && <Waiting rows={8} />}
        {found?.nodes.length === 0 && <Empty title={search ? 'No group begins like that' : 'No groups yet'}>{search ? 'Try fewer letters.' : 'Groups appear when your identity provider pushes them: in Okta under Push Groups, in Entra when groups are assigned to the app.'}</Empty>}
        {found && found.nodes.length > 0 && (
          <>
            <Table.ScrollContainer minWidth={600}>
              <Table highlightOnHover>
                <Table.Thead><Table.Tr><Table.Th>Group</Table.Th><Table.Th ta="right">Members</Table.Th><Table.Th>To look at</Table.Th><Table.Th>Owned by</Table.Th><Table.Th>Changed</Table.Th></Table.Tr></Table.Thead>
                <Table.Tbody>
                  {found.nodes.map((g) => (
                    <Table.Tr key={g.id} className="row-link" onClick={() => go(`#/groups/${g.id}`)}>
                      <Table.Td><a href={`#/groups/${g.id}`} onClick={(e) => e.stopPropagation()}>{g.displayName}</a></Table.Td>
                      <Table.Td ta="right">{number(g.members.totalCount)}</Table.Td>
                      <Table.Td>
                        {g.drift.totalCount > 0 && <Badge variant="light" color="orange" radius="sm" mr={6}>{number(g.drift.totalCount)} drifting</Badge>}
                        {g.parkedMembers.totalCount > 0 && <Badge variant="light" color="grape" radius="sm">{number(g.parkedMembers.totalCount)} parked</Badge>}
                      </Table.Td>
                      <Table.Td><Text size="sm" c="dimmed">{g.scimConfig?.name ?? 'made by hand'}</Text></Table.Td>
                      <Table.Td><When at={g.updatedAt} /></Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
            <Pager info={found.pageInfo} total={found.totalCount} shown={found.nodes.length} noun={['group', 'groups']} turn={(to) => settle({ after: to.after, before: to.before })} />
          </>
        )}
      </div>
    </>
  );
}
