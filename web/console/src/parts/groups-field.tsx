import { MultiSelect } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useEffect, useRef, useState } from 'react';
import { useClient, useQuery } from 'urql';
import { graphql } from '../gql';

const Choices = graphql(`query GroupsToChoose($search: String) { groups(first: 50, filter: { search: $search }) { nodes { id displayName } } }`);
const Name = graphql(`query NameOfGroup($id: ID!) { group(id: $id) { id displayName } }`);

// useGroupNames are the names of groups by their ids, as they come. One that is not there any more is called so.
export function useGroupNames(ids: string[]): Record<string, string> {
  const client = useClient();
  const [names, setNames] = useState<Record<string, string>>({});
  const asked = useRef(new Set<string>());
  const wanted = ids.join(' ');
  useEffect(() => {
    for (const id of wanted.split(' ').filter((one) => one && !asked.current.has(one))) {
      asked.current.add(id);
      void client.query(Name, { id }).toPromise().then((r) => setNames((was) => ({ ...was, [id]: r.data?.group?.displayName ?? 'a group that is gone' })));
    }
  }, [client, wanted]);
  return names;
}

const most = 100;

// GroupsField chooses groups by the beginning of their names.
export function GroupsField({ value, change, description }: { value: string[]; change: (to: string[]) => void; description: string }) {
  const [search, setSearch] = useState('');
  const [sought] = useDebouncedValue(search, 250);
  const [{ data }] = useQuery({ query: Choices, variables: { search: sought || null } });
  const found = data?.groups.nodes ?? [];
  const others = value.filter((id) => !found.some((g) => g.id === id));
  const names = useGroupNames(others);
  return (
    <MultiSelect label="Groups" description={description} required withAsterisk searchable maxValues={most} searchValue={search} onSearchChange={setSearch} value={value} onChange={change} hidePickedOptions
      filter={({ options }) => options} placeholder={value.length === 0 ? 'Beginning of a name' : undefined} nothingFoundMessage="No group begins like that"
      data={[...found.map((g) => ({ value: g.id, label: g.displayName })), ...others.map((id) => ({ value: id, label: names[id] ?? '…' }))]} />
  );
}
