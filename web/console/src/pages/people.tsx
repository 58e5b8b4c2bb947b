import { Badge, Button, Checkbox, Group, Popover, Select, Stack, Table, Text, TextInput } from '@mantine/core';
import { useDebouncedCallback, useLocalStorage } from '@mantine/hooks';
import { useState } from 'react';
import { useQuery } from 'urql';
import { graphql } from '../gql';
import { useBeat } from '../live';
import { Icon } from '../parts/icon';
import { Empty, Head, Pager, Waiting } from '../parts/page';
import { Problem } from '../parts/problem';
import { Swatch } from '../parts/seats';
import { When } from '../parts/time';
import { go, settle, useRoute } from '../route';

const PeopleQuery = graphql(`
  query People($first: Int, $after: String, $last: Int, $before: String, $filter: UserFilter, $orderBy: UserOrder) {
    users(first: $first, after: $after, last: $last, before: $before, filter: $filter, orderBy: $orderBy) {
      totalCount
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      nodes {
        id userName displayName title department active blocked createdAt
        seats { id state license { id product } }
        links { scimConfig { id name } active endedAt }
      }
    }
  }
`);

export const ConfigChoices = graphql(`query ConfigChoices { tenant { id scimConfigs(first: 100) { nodes { id name } } } }`);

const size = 50;
const columns = { title: 'Title', status: 'Status', seats: 'Seats', from: 'From', since: 'Since' };
type Column = keyof typeof columns;
const all = Object.keys(columns) as Column[];

// People are found by the beginning of their names, and walked a page at a time however many there are.
export default function People() {
  const { query } = useRoute();
  const search = query.get('search') ?? '';
  const status = query.get('status') ?? '';
  const order = query.get('order') ?? 'name';
  const config = query.get('config') ?? '';
  const [configs] = useQuery({ query: ConfigChoices });
  const [shown, setShown] = useLocalStorage<Column[]>({ key: 'usher.people.columns', defaultValue: all, getInitialValueInEffect: false });
  const has = (c: Column) => shown.includes(c);
  const after = query.get('after') ?? undefined;
  const before = query.get('before') ?? undefined;
  const [typed, setTyped] = useState(search);
  const seek = useDebouncedCallback((text: string) => settle({ search: text, after: undefined, before: undefined }), 250);
  const filter = { search: search || null, active: status === 'active' ? true : status === 'inactive' ? false : null, claimed: status === 'hand' ? ('NEVER' as const) : null, scimConfigId: config || null };
  const [{ data, error, fetching, stale }, again] = useQuery({
    query: PeopleQuery,
    variables: {
      filter,
      orderBy: order === 'newest' ? { field: 'CREATED_AT', direction: 'DESCENDING' } : { field: 'USER_NAME', direction: 'ASCENDING' },
      ...(before ? { last: size, before } : { first: size, after }),
    },
  });
  useBeat(() => again({ requestPolicy: 'network-only' }));
  const found = data?.users;
  return (
    <>
      <Head title="People" says="Everybody whom your identity providers have sent, and whom administrators have added." />
      <Group mb="md" align="flex-end">
        <TextInput label="Search" placeholder="Beginning of a name" leftSection={<Icon name="search" size={16} />} value={typed} w={{ base: '100%', xs: 290 }}
          onChange={(e) => { setTyped(e.currentTarget.value); seek(e.currentTarget.value); }} />
        <Select label="Show" w={170} allowDeselect={false} value={status || 'all'} onChange={(v) => settle({ status: v === 'all' ? undefined : v ?? undefined, after: undefined, before: undefined })}
          data={[{ value: 'all', label: 'Everybody' }, { value: 'active', label: 'Active' }, { value: 'inactive', label: 'Not active' }, { value: 'hand', label: 'Not from a provider' }]} />
        <Select label="From" w={170} allowDeselect={false} value={config || 'all'} onChange={(v) => settle({ config: v === 'all' ? undefined : v ?? undefined, after: undefined, before: undefined })}
          data={[{ value: 'all', label: 'Anywhere' }, ...(configs.data?.tenant.scimConfigs.nodes ?? []).map((c) => ({ value: c.id, label: c.name }))]} />
        <Select label="Order" w={150} allowDeselect={false} value={order} onChange={(v) => settle({ order: v === 'name' ? undefined : v ?? undefined, after: undefined, before: undefined })}
          data={[{ value: 'name', label: 'User name' }, { value: 'newest', label: 'Newest first' }]} />
        <Popover position="bottom-end" trapFocus withRoles>
          <Popover.Target><Button variant="default">Columns</Button></Popover.Target>
          <Popover.Dropdown aria-label="Columns">
            <Checkbox.Group label="Columns that are shown" value={shown} onChange={(v) => setShown(all.filter((c) => v.includes(c)))}>
              <Stack gap="xs" mt="xs">{all.map((c) => <Checkbox key={c} value={c} label={columns[c]} />)}</Stack>
            </Checkbox.Group>
          </Popover.Dropdown>
        </Popover>
      </Group>
      <Problem error={error} retry={() => again({ requestPolicy: 'network-only' })} />
      <div className="card flush" aria-busy={fetching && !stale}>
        {!found && fetching && <Waiting rows={10} />}
        {found?.nodes.length === 0 && (
          <Empty title={search || status || config ? 'Nobody is like that' : 'Nobody is here yet'}>
            {search || status || config ? 'The search looks at how user names and display names begin. Try fewer letters, or show everybody.' : 'People appear as soon as your identity provider pushes them. Add a SCIM configuration and assign people to the app there.'}
          </Empty>
        )}
        {found && found.nodes.length > 0 && (
          <>
            <Table.ScrollContainer minWidth={260 + 120 * shown.length}>
              <Table highlightOnHover horizontalSpacing="xs">
                <Table.Thead><Table.Tr><Table.Th>Person</Table.Th>{all.filter(has).map((c) => <Table.Th key={c}>{columns[c]}</Table.Th>)}</Table.Tr></Table.Thead>
                <Table.Tbody>
                  {found.nodes.map((u) => (
                    <Table.Tr key={u.id} className="row-link" onClick={() => go(`#/people/${u.id}`)}>
                      <Table.Td>
                        <a href={`#/people/${u.id}`} onClick={(e) => e.stopPropagation()}>{u.displayName || u.userName}</a>
                        {u.displayName && <Text size="xs" c="dimmed">{u.userName}</Text>}
                      </Table.Td>
                      {has('title') && <Table.Td><Text size="sm">{u.title}</Text>{u.department && <Text size="xs" c="dimmed">{u.department}</Text>}</Table.Td>}
                      {has('status') && <Table.Td><Standing user={u} /></Table.Td>}
                      {has('seats') && <Table.Td>{u.seats.filter((s) => s.state !== 'RELEASED').map((s) => <Text size="sm" key={s.id} style={{ whiteSpace: 'nowrap' }}><Swatch state={s.state} />{s.license.product}</Text>)}</Table.Td>}
                      {has('from') && <Table.Td><Text size="sm" c="dimmed" style={{ whiteSpace: 'nowrap' }}>{u.links.filter((l) => !l.endedAt).map((l) => l.scimConfig.name).join(', ') || 'by hand'}</Text></Table.Td>}
                      {has('since') && <Table.Td><When at={u.createdAt} /></Table.Td>}
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
            <Pager info={found.pageInfo} total={found.totalCount} shown={found.nodes.length} noun={['person', 'people']} turn={(to) => settle({ after: to.after, before: to.before })} />
          </>
        )}
      </div>
    </>
  );
}

export function Standing({ user }: { user: { active: boolean; blocked: boolean } }) {
  if (user.blocked) {
    return <Badge variant="light" color="red" radius="sm">Blocked</Badge>;
  }
  return user.active ? <Badge variant="light" color="usher" radius="sm">Active</Badge> : <Badge variant="light" color="gray" radius="sm">Not active</Badge>;
}
