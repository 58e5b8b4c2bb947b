import { Anchor, Button, Group, SimpleGrid, Stack, Table, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { useMutation, useQuery } from 'urql';
import { graphql } from '../gql';
import { useBeat } from '../live';
import { Confirm, type Question } from '../parts/confirm';
import { EventRow } from '../parts/event';
import { Empty, Facts, Head, Waiting } from '../parts/page';
import { Problem } from '../parts/problem';
import { When } from '../parts/time';
import { useViewer } from '../viewer';
import { Standing } from './people';
import { PersonSeats } from './person-seats';

const PersonQuery = graphql(`
  query Person($id: ID!, $events: Int!) {
    user(id: $id) {
      id userName displayName title department employeeNumber primaryEmail attributes active blocked origin version createdAt updatedAt
      links { scimConfig { id name } externalId active how firstWriteAt lastWriteAt endedAt }
      seats { id state position priority since keptUntil lastUsedAt noticedAt reclaimReason reason license { id product } claims { reason since scimConfig { id name } rule { id name } } }
      groups(first: 50) { totalCount edges { source since node { id displayName } scimConfig { id name } } }
      events(first: $events) { totalCount nodes { id kind subjectId actorKind actorName at data } }
    }
  }
`);
const Block = graphql(`mutation BlockUser($id: ID!) { blockUser(input: { id: $id }) { user { id } } }`);
const Unblock = graphql(`mutation UnblockUser($id: ID!) { unblockUser(input: { id: $id }) { user { id } } }`);

export const sources = { SCIM: 'provider', HAND: 'by hand', RULE: 'by a rule', ADOPTED: 'by hand, adopted' };

export default function Person({ id }: { id: string }) {
  const viewer = useViewer();
  const [shown, setShown] = useState(20);
  const [{ data, error, fetching }, again] = useQuery({ query: PersonQuery, variables: { id, events: shown } });
  const refresh = () => again({ requestPolicy: 'network-only' });
  useBeat(refresh);
  const [, block] = useMutation(Block);
  const [, unblock] = useMutation(Unblock);
  const [question, ask] = useState<Question>();
  const u = data?.user;
  const back = { to: '#/people', label: 'People' };
  if (!u) {
    return (
      <>
        <Head title={fetching ? '…' : 'Nobody'} back={back} />
        <Problem error={error} retry={refresh} />
        <div className="card flush">{fetching ? <Waiting /> : !error && <Empty title="There is no such person">She may have been deleted. What happened to her is still in the journal, under Activity.</Empty>}</div>
      </>
    );
  }
  const name = u.displayName || u.userName;
  const held = u.seats.filter((s) => s.state !== 'RELEASED' && s.state !== 'WAITING');
  const seats = held.length === 0 ? 'She holds no seat now.' : `She loses ${held.map((s) => `her seat of ${s.license.product}`).join(' and ')} at once, and the first in line gets it.`;
  return (
    <>
      <Head title={<Group gap="sm">{name}<Standing user={u} /></Group>} back={back} says={u.displayName ? u.userName : undefined}>
        {viewer.mayChange && (u.blocked ? (
          <Button variant="default" onClick={() => ask({ title: `Unblock ${name}`, consequence: 'She may come in again as soon as a SCIM configuration holds her active or none has claimed her; she gets seats for the reasons that are still there.', yes: 'Unblock', act: async () => { const r = await unblock({ id }); refresh(); return r.error; } })}>Unblock</Button>
        ) : (
          <Button variant="default" color="red" onClick={() => ask({ title: `Block ${name}`, danger: true, consequence: <>{seats} She may not come in, whatever an identity provider says, until somebody unblocks her.</>, yes: 'Block', act: async () => { const r = await block({ id }); refresh(); return r.error; } })}>Block</Button>
        ))}
      </Head>
      <Problem error={error} retry={refresh} />
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
        <Stack gap="lg">
          <section className="card" aria-labelledby="about">
            <Title order={2} mb="sm" id="about">About</Title>
            <Facts of={[
              ['E-mail', u.primaryEmail ?? '—'], ['Title', u.title || '—'], ['Department', u.department || '—'], ['Employee number', u.employeeNumber || '—'],
              ['Made', <><When at={u.createdAt} /> {u.origin === 'scim' ? 'by a provider' : 'by an administrator'}</>], ['Changed', <When at={u.updatedAt} />],
            ]} />
          </section>
          <PersonSeats person={u} name={name} ask={ask} refresh={refresh} />
          <section className="card" aria-labelledby="providers">
            <Title order={2} mb="sm" id="providers">What providers say</Title>
            {u.links.length === 0 && <Text size="sm" c="dimmed">No SCIM configuration has claimed her.</Text>}
            <Stack gap="sm">
              {u.links.map((l) => (
                <div key={l.scimConfig.id}>
                  <Anchor size="sm" fw={550} href={`#/scim/${l.scimConfig.id}`}>{l.scimConfig.name}</Anchor>
                  <Text size="sm" component="div">
                    {l.endedAt ? <>let her go <When at={l.endedAt} /></> : l.active ? 'holds her active' : 'has deactivated her'}; {l.how === 'CREATED' ? 'made her' : 'found her here'} <When at={l.firstWriteAt} />, last wrote <When at={l.lastWriteAt} />
                  </Text>
                  {l.externalId && <Text size="xs" c="dimmed">externalId <span className="mono">{l.externalId}</span></Text>}
                </div>
              ))}
            </Stack>
          </section>
          <section className="card" aria-labelledby="groups">
            <Title order={2} mb="sm" id="groups">Groups</Title>
            {u.groups.edges.length === 0 && <Text size="sm" c="dimmed">She is in no group.</Text>}
            {u.groups.edges.length > 0 && (
              <Table verticalSpacing={6} horizontalSpacing={6}>
                <Table.Tbody>
                  {u.groups.edges.map((e) => (
                    <Table.Tr key={e.node.id}>
                      <Table.Td><Anchor size="sm" href={`#/groups/${e.node.id}`}>{e.node.displayName}</Anchor></Table.Td>
                      <Table.Td><Text size="sm" c="dimmed" style={{ whiteSpace: 'nowrap' }}>{e.scimConfig?.name ?? sources[e.source]}</Text></Table.Td>
                      <Table.Td ta="right"><When at={e.since} /></Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            )}
            {u.groups.totalCount > u.groups.edges.length && <Text size="xs" c="dimmed" mt="xs">The first {u.groups.edges.length} of {u.groups.totalCount}.</Text>}
          </section>
        </Stack>
        <Stack gap="lg">
          <section className="card flush" aria-labelledby="timeline">
            <Title order={2} px="md" pt="md" pb={4} id="timeline">What happened</Title>
            {u.events.nodes.map((e) => <EventRow key={e.id} event={{ ...e, subjectId: null }} />)}
            {u.events.totalCount > u.events.nodes.length && <Group p="sm" justify="center"><Button size="xs" variant="default" onClick={() => setShown((n) => Math.min(n + 40, 500))}>Show earlier</Button></Group>}
          </section>
          <section className="card" aria-labelledby="attributes">
            <Title order={2} mb="sm" id="attributes">Attributes as they were sent</Title>
            <pre className="attributes mono" tabIndex={0}>{JSON.stringify(u.attributes, null, 2)}</pre>
          </section>
        </Stack>
      </SimpleGrid>
      <Confirm question={question} close={() => ask(undefined)} />
    </>
  );
}
