import { Button, Group, Stack, Text, TextInput, UnstyledButton } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import { useMutation, useQuery } from 'urql';
import { signOut } from '../client';
import { graphql } from '../gql';
import { Problem } from '../parts/problem';
import { useViewer } from '../viewer';
import { Front } from './sign-in';

const TenantsQuery = graphql(`
  query Tenants($search: String) {
    tenants(first: 50, filter: { search: $search }) { totalCount nodes { id name slug plan } }
  }
`);
const Enter = graphql(`
  mutation EnterTenant($id: ID!) { enterTenant(input: { tenantId: $id }) { viewer { tenant { id } } } }
`);
export const plans = { CORE: 'Core', ADVANCED: 'Advanced', ADVANCED_PLUS: 'Advanced Plus' };

// Tenants is where the operator picks the tenant to act in.
export function Tenants() {
  const viewer = useViewer();
  const [typed, setTyped] = useState('');
  const [search] = useDebouncedValue(typed, 200);
  const [{ data, error }, again] = useQuery({ query: TenantsQuery, variables: { search: search || null } });
  const [entering, enter] = useMutation(Enter);
  return (
    <Front wide>
      <Text size="sm" c="dimmed">You are the operator. Pick a tenant; its journal tells that you came in.</Text>
      <TextInput label="Find a tenant" placeholder="Name or short name" value={typed} onChange={(e) => setTyped(e.currentTarget.value)} autoFocus />
      <Problem error={error ?? entering.error} retry={() => again({ requestPolicy: 'network-only' })} />
      <Stack gap={4} mah={380} style={{ overflowY: 'auto' }}>
        {data?.tenants.nodes.map((t) => (
          <UnstyledButton key={t.id} p="sm" className="card" onClick={() => void enter({ id: t.id }).then((r) => { if (!r.error) viewer.refresh(); })}>
            <Group justify="space-between">
              <div><Text fw={550}>{t.name}</Text><Text size="xs" c="dimmed">{t.slug}</Text></div>
              <Text size="sm" c="dimmed">{plans[t.plan]}</Text>
            </Group>
          </UnstyledButton>
        ))}
        {data && data.tenants.nodes.length === 0 && <Text size="sm" c="dimmed">{search ? `No tenant begins with “${search}”.` : 'There is no tenant yet: usher tenant create makes one.'}</Text>}
      </Stack>
      <Group><Button variant="subtle" color="gray" size="xs" onClick={() => void signOut()}>Sign out</Button></Group>
    </Front>
  );
}
