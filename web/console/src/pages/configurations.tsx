import { Badge, Button, Group, Modal, Table, Text } from '@mantine/core';
import { useState } from 'react';
import { useQuery } from 'urql';
import { graphql } from '../gql';
import type { IdentityProvider } from '../gql/graphql';
import { useBeat } from '../live';
import { Icon } from '../parts/icon';
import { Empty, Head, Waiting } from '../parts/page';
import { Problem } from '../parts/problem';
import { dateOf, daysUntil, When } from '../parts/time';
import { go } from '../route';
import { useViewer } from '../viewer';
import { AddConfiguration } from './add-configuration';

const ConfigsQuery = graphql(`
  query Configurations {
    tenant {
      id
      scimConfigs(first: 100) {
        totalCount
        nodes {
          id name identityProvider status pausedBy autoAssign lastUsedAt
          license { id product }
          tokens { id expiresAt revokedAt }
          warnings { code }
          recognized { provider }
        }
      }
    }
  }
`);

export const providers: Record<IdentityProvider, string> = { OKTA: 'Okta', ENTRA: 'Microsoft Entra ID', ONELOGIN: 'OneLogin', OTHER: 'Another provider' };

// Which set-up guide is whose.
export const guideOf: Record<IdentityProvider, string> = { OKTA: 'okta', ENTRA: 'entra', ONELOGIN: 'onelogin', OTHER: 'other' };

export default function Configurations() {
  const viewer = useViewer();
  const [adding, setAdding] = useState(false);
  const [{ data, error, fetching }, again] = useQuery({ query: ConfigsQuery });
  const refresh = () => again({ requestPolicy: 'network-only' });
  useBeat(refresh);
  const all = data?.tenant.scimConfigs.nodes;
  const mayAdd = viewer.mayChange && viewer.tenant?.hasScim;
  const add = <Button leftSection={<Icon name="plus" size={16} />} onClick={() => setAdding(true)}>Add SCIM configuration</Button>;
  return (
    <>
      <Head title="SCIM configurations" says="Each is the connection of one identity provider: it sends people and groups, and with auto-assign its people get seats."><Button variant="default" component="a" href="#/guides/okta">Set-up guides</Button>{mayAdd && add}</Head>
      {viewer.tenant && !viewer.tenant.hasScim && <Text size="sm" mb="md">Your plan does not have SCIM. It comes with the plans Advanced and Advanced Plus.</Text>}
      <Problem error={error} retry={refresh} />
      <div className="card flush">
        {!all && fetching && <Waiting rows={4} />}
        {all?.length === 0 && (
          <Empty title="No identity provider is connected yet" action={mayAdd ? add : undefined}>
            Add a configuration, paste its address and token into Okta, Entra ID, OneLogin or another provider, and watch the first people arrive.
          </Empty>
        )}
        {all && all.length > 0 && (
          <Table.ScrollContainer minWidth={720}>
            <Table highlightOnHover>
              <Table.Thead><Table.Tr><Table.Th>Configuration</Table.Th><Table.Th>Status</Table.Th><Table.Th>Gives seats of</Table.Th><Table.Th>Last call</Table.Th><Table.Th>Tokens</Table.Th></Table.Tr></Table.Thead>
              <Table.Tbody>
                {all.map((c) => (
                  <Table.Tr key={c.id} className="row-link" onClick={() => go(`#/scim/${c.id}`)}>
                    <Table.Td><a href={`#/scim/${c.id}`} onClick={(e) => e.stopPropagation()}>{c.name}</a><Text size="xs" c="dimmed">{providers[c.identityProvider]}</Text></Table.Td>
                    <Table.Td>
                      <Group gap={6}>
                        <Badge variant="light" radius="sm" color={c.status === 'ACTIVE' ? 'usher' : 'orange'}>{c.status === 'ACTIVE' ? 'Active' : 'Paused'}</Badge>
                        {c.warnings.length > 0 && <Badge variant="light" radius="sm" color="orange">{c.warnings.length === 1 ? 'A warning' : `${c.warnings.length} warnings`}</Badge>}
                      </Group>
                    </Table.Td>
                    <Table.Td><Text size="sm" c={c.autoAssign ? undefined : 'dimmed'}>{c.autoAssign ? c.license?.product : 'none'}</Text></Table.Td>
                    <Table.Td><When at={c.lastUsedAt} /></Table.Td>
                    <Table.Td><TokenStanding tokens={c.tokens} /></Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
      </div>
      <Modal opened={adding} onClose={() => { setAdding(false); refresh(); }} size="lg" closeOnClickOutside={false} title={<Text fw={650}>Add SCIM configuration</Text>}>
        <AddConfiguration done={() => { setAdding(false); refresh(); }} />
      </Modal>
    </>
  );
}

export function TokenStanding({ tokens }: { tokens: { expiresAt: string; revokedAt?: string | null }[] }) {
  const live = tokens.filter((t) => !t.revokedAt && daysUntil(t.expiresAt) > 0);
  const last = live.map((t) => t.expiresAt).sort().at(-1);
  if (!last) {
    return <Badge variant="light" color="red" radius="sm">None is live</Badge>;
  }
  const days = daysUntil(last);
  return <Text size="sm" c={days <= 7 ? 'red' : days <= 30 ? 'orange' : undefined}>{live.length} live, until {dateOf(last)}</Text>;
}
