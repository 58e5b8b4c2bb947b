import { Alert, Anchor, Button, Group, List, Stack, Table, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { useMutation, useQuery } from 'urql';
import { graphql } from '../gql';
import type { DriftKind } from '../gql/graphql';
import { useBeat } from '../live';
import { Confirm, type Question } from '../parts/confirm';
import { EventRow } from '../parts/event';
import { Icon } from '../parts/icon';
import { Empty, Head, Pager, Waiting, type Place } from '../parts/page';
import { Problem } from '../parts/problem';
import { When } from '../parts/time';
import { useViewer } from '../viewer';
import { sources } from './person';

const GroupQuery = graphql(`
  query Group($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {
    group(id: $id) {
      id displayName externalId version createdAt updatedAt
      scimConfig { id name memberMode }
      members(first: $first, after: $after, last: $last, before: $before) {
        totalCount
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        edges { source since scimConfig { id name } node { __typename id ... on User { userName displayName active } ... on Group { displayName } } }
      }
      parkedMembers(first: 20) { totalCount nodes { value display since scimConfig { id name } } }
      drift(first: 50) {
        totalCount hints
        nodes { kind value display since scimConfig { id name } member { id ... on User { userName displayName } ... on Group { displayName } } }
      }
      events(first: 10) { nodes { id kind subjectId actorKind actorName at data } }
    }
  }
`);
const RulesOfGroup = graphql(`
  query RulesOfGroup {
    licenses(first: 100) { nodes { id product rules { id name status revisions { number status groupId filter } } } }
  }
`);
const Settle = graphql(`
  mutation SettleDrift($id: ID!, $as: DriftSettlement!, $version: Int64) {
    settleGroupDrift(input: { groupId: $id, as: $as, expectedVersion: $version }) { settled group { id } }
  }
`);

const differs: Record<DriftKind, string> = {
  BY_HAND: 'is a member by hand; the provider does not list her',
  BY_RULE: 'is a member by a rule; the provider does not list her',
  OTHER_PROVIDER: 'is a member by another configuration only',
  PARKED: 'is listed, and nobody knows her yet',
  KEPT_OUT: 'is listed, and a hand has taken her out',
};

function nameOf(of: { userName?: string; displayName?: string } | null | undefined): string | undefined {
  return of ? of.displayName || of.userName : undefined;
}

const size = 50;

export default function GroupPage({ id }: { id: string }) {
  const viewer = useViewer();
  const [place, setPlace] = useState<Place>({});
  const [{ data, error, fetching }, again] = useQuery({ query: GroupQuery, variables: { id, ...(place.before ? { last: size, before: place.before } : { first: size, after: place.after }) } });
  const refresh = () => again({ requestPolicy: 'network-only' });
  useBeat(refresh);
  const [, settle] = useMutation(Settle);
  const [question, ask] = useState<Question>();
  const g = data?.group;
  const back = { to: '#/groups', label: 'Groups' };
  if (!g) {
    return (
      <>
        <Head title={fetching ? '…' : 'No group'} back={back} />
        <Problem error={error} retry={refresh} />
        <div className="card flush">{fetching ? <Waiting /> : !error && <Empty title="There is no such group">It may have been deleted; the journal, under Activity, tells by whom.</Empty>}</div>
      </>
    );
  }
  const drift = g.drift.totalCount;
  const repair = (as: 'PROVIDER' | 'HAND'): Question => ({
    title: as === 'PROVIDER' ? `Make ${g.displayName} as ${g.scimConfig?.name ?? 'its provider'} lists it` : `Keep ${g.displayName} as it is`,
    danger: as === 'PROVIDER',
    yes: as === 'PROVIDER' ? `Settle ${drift}` : 'Keep',
    consequence: as === 'PROVIDER'
      ? `Of ${drift} ${drift === 1 ? 'difference' : 'differences'}: who is not on the provider's list leaves the group, who was kept out comes back, and seats that hang on the group follow. Who is parked goes on waiting.`
      : 'Members that the provider does not list are adopted and are no drift any more. Who is kept out or parked is waited for no longer.',
    act: async () => { const r = await settle({ id, as, version: g.version }); refresh(); return r.error; },
  });
  return (
    <>
      <Head title={g.displayName} back={back} says={g.scimConfig ? <>Pushed by <Anchor size="sm" underline="always" href={`#/scim/${g.scimConfig.id}`}>{g.scimConfig.name}</Anchor>. {g.scimConfig.memberMode === 'AUTHORITATIVE' ? 'The pushed list is the whole list.' : 'Members by hand stay beside the pushed list.'}</> : 'Made by hand: no provider owns it.'} />
      <Stack gap="lg">
        <Problem error={error} retry={refresh} />
        {drift > 0 && (
          <Alert color="orange" icon={<Icon name="warn" />} title={`${drift} ${drift === 1 ? 'difference' : 'differences'} from what the provider lists`}>
            <Stack gap="sm">
              <List size="sm" spacing={3}>
                {g.drift.nodes.slice(0, 12).map((d) => (
                  <List.Item key={d.kind + d.value}>
                    <b>{nameOf(d.member as never) ?? (d.display || d.value)}</b> {differs[d.kind]}{d.scimConfig && d.kind === 'OTHER_PROVIDER' ? ` (${d.scimConfig.name})` : ''}, <When at={d.since} />
                  </List.Item>
                ))}
              </List>
              {drift > 12 && <Text size="sm">and {drift - 12} more.</Text>}
              {g.drift.hints.map((h) => <Text key={h} size="sm"><b>So that it drifts no further:</b> {h}</Text>)}
              {viewer.mayChange && (
                <Group gap="xs">
                  <Button size="xs" onClick={() => ask(repair('PROVIDER'))}>Make it as the provider lists it</Button>
                  <Button size="xs" variant="default" onClick={() => ask(repair('HAND'))}>Keep it as it is</Button>
                </Group>
              )}
            </Stack>
          </Alert>
        )}
        <section className="card flush" aria-labelledby="members">
          <Title order={2} px="md" pt="md" pb="xs" id="members">Members</Title>
          {g.members.edges.length === 0 && <Empty title="Nobody is in it" />}
          {g.members.edges.length > 0 && (
            <>
              <Table.ScrollContainer minWidth={520}>
                <Table>
                  <Table.Thead><Table.Tr><Table.Th>Member</Table.Th><Table.Th>Because</Table.Th><Table.Th>Since</Table.Th></Table.Tr></Table.Thead>
                  <Table.Tbody>
                    {g.members.edges.map((e) => {
                      const group = e.node.__typename === 'Group';
                      return (
                        <Table.Tr key={e.node.id}>
                          <Table.Td><Anchor size="sm" fw={550} href={`#/${group ? 'groups' : 'people'}/${e.node.id}`}>{nameOf(e.node as never)}</Anchor>{group && <Text component="span" size="sm" c="dimmed"> (group)</Text>}</Table.Td>
                          <Table.Td><Text size="sm" c="dimmed">{e.scimConfig?.name ?? sources[e.source]}</Text></Table.Td>
                          <Table.Td><When at={e.since} /></Table.Td>
                        </Table.Tr>
                      );
                    })}
                  </Table.Tbody>
                </Table>
              </Table.ScrollContainer>
              <Pager info={g.members.pageInfo} total={g.members.totalCount} shown={g.members.edges.length} noun={['member', 'members']} turn={setPlace} />
            </>
          )}
        </section>
        {g.parkedMembers.totalCount > 0 && (
          <section className="card flush" aria-labelledby="parked">
            <Title order={2} px="md" pt="md" id="parked">Parked members</Title>
            <Text size="sm" c="dimmed" px="md" pb="xs">The provider has named them before they came. They join the group by themselves as soon as they are provisioned.</Text>
            <Table>
              <Table.Tbody>
                {g.parkedMembers.nodes.map((p) => (
                  <Table.Tr key={p.value + p.scimConfig.id}><Table.Td>{p.display || <span className="mono">{p.value}</span>}</Table.Td><Table.Td><Text size="sm" c="dimmed">{p.scimConfig.name}</Text></Table.Td><Table.Td><When at={p.since} /></Table.Td></Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
            {g.parkedMembers.totalCount > g.parkedMembers.nodes.length && <Text size="xs" c="dimmed" p="md">The first {g.parkedMembers.nodes.length} of {g.parkedMembers.totalCount}.</Text>}
          </section>
        )}
        <GroupRules id={id} />
        <section className="card flush" aria-labelledby="happened">
          <Title order={2} px="md" pt="md" pb={4} id="happened">What happened</Title>
          {g.events.nodes.map((e) => <EventRow key={e.id} event={{ ...e, subjectId: null }} />)}
        </section>
      </Stack>
      <Confirm question={question} close={() => ask(undefined)} />
    </>
  );
}

// GroupRules are the rules that give licenses to the members of the group, or would when published.
function GroupRules({ id }: { id: string }) {
  const [{ data, error }] = useQuery({ query: RulesOfGroup });
  const of = (data?.licenses.nodes ?? []).flatMap((l) => l.rules.map((r) => ({ ...r, license: l })))
    .map((r) => ({ ...r, holds: r.revisions.find((v) => v.status === 'PUBLISHED' && v.groupId === id), draft: r.revisions.find((v) => v.status === 'DRAFT' && v.groupId === id) }))
    .filter((r) => r.holds || r.draft);
  return (
    <section className="card" aria-labelledby="rules">
      <Title order={2} mb="xs" id="rules">License rules</Title>
      <Problem error={error} />
      {data && of.length === 0 && <Text size="sm" c="dimmed">No rule gives a license to its members. A rule is drafted on the page of a license, under Rules.</Text>}
      <Stack gap={6}>
        {of.map((r) => (
          <Text size="sm" key={r.id} component="div">
            <Anchor size="sm" fw={550} underline="always" href={`#/rules/${r.id}`}>{r.name}</Anchor> {r.holds ? 'gives' : 'would give, once published,'} a seat of <Anchor size="sm" underline="always" href={`#/licenses/${r.license.id}`}>{r.license.product}</Anchor> to its direct members
            {(r.holds ?? r.draft)?.filter && <> with <code className="mono">{(r.holds ?? r.draft)?.filter}</code></>}.
          </Text>
        ))}
      </Stack>
    </section>
  );
}
