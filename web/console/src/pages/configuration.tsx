import { Alert, Anchor, Badge, Button, Group, Menu, Modal, NumberInput, SegmentedControl, SimpleGrid, Stack, Table, Text, TextInput, Title, VisuallyHidden } from '@mantine/core';
import { useState } from 'react';
import { useMutation, useQuery, type CombinedError } from 'urql';
import { graphql } from '../gql';
import { useBeat, useTick } from '../live';
import { CallStatus } from '../parts/call';
import { Confirm, type Question } from '../parts/confirm';
import { Copy } from '../parts/copy';
import { Icon } from '../parts/icon';
import { Empty, Facts, Head, Pager, Waiting } from '../parts/page';
import { Problem } from '../parts/problem';
import { dateOf, daysUntil, When } from '../parts/time';
import { go, settle, useRoute } from '../route';
import { useViewer } from '../viewer';
import { IssueToken, LiveChecks } from './add-configuration';
import { guideOf, providers } from './configurations';

const ConfigQuery = graphql(`
  query Configuration($id: ID!) {
    node(id: $id) {
      __typename
      ... on ScimConfig {
        id name identityProvider preset status pausedBy autoAssign showSeats memberMode baseUrl lastUsedAt createdAt version
        license { id product }
        recognized { provider since }
        warnings { code message }
        tokens { id name scopes createdAt expiresAt lastUsedAt revokedAt }
        newest: calls(first: 1) { nodes { id at } }
        done: calls(filter: { verdict: DONE }) { totalCount }
        refused: calls(filter: { verdict: REFUSED }) { totalCount }
        failed: calls(filter: { verdict: FAILED }) { totalCount }
      }
    }
    users(filter: { scimConfigId: $id }) { totalCount }
    groups(filter: { scimConfigId: $id }) { totalCount }
  }
`);
const CallsQuery = graphql(`
  query Calls($id: ID!, $filter: CallFilter, $first: Int, $after: String, $last: Int, $before: String) {
    node(id: $id) {
      __typename
      ... on ScimConfig {
        id
        calls(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
          pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
          nodes { id at method path status verdict detail durationMicroseconds probe }
        }
      }
    }
  }
`);
const Pause = graphql(`mutation PauseConfig($id: ID!) { pauseScimConfig(input: { id: $id }) { scimConfig { id status } } }`);
const Resume = graphql(`mutation ResumeConfig($id: ID!) { resumeScimConfig(input: { id: $id }) { scimConfig { id status } } }`);
const Delete = graphql(`mutation DeleteConfig($id: ID!) { deleteScimConfig(input: { id: $id }) { id } }`);
const Revoke = graphql(`mutation RevokeToken($id: ID!) { revokeToken(input: { id: $id }) { token { id revokedAt } } }`);

export default function Configuration({ id }: { id: string }) {
  const viewer = useViewer();
  const [{ data, error, fetching }, again] = useQuery({ query: ConfigQuery, variables: { id } });
  const refresh = () => again({ requestPolicy: 'network-only' });
  useBeat(refresh);
  useTick(refresh, 3000); // calls, and the use of tokens, are in no journal
  const [, pause] = useMutation(Pause);
  const [, resume] = useMutation(Resume);
  const [, remove] = useMutation(Delete);
  const [, revoke] = useMutation(Revoke);
  const [question, ask] = useState<Question>();
  const [rotating, setRotating] = useState(false);
  const back = { to: '#/scim', label: 'SCIM configurations' };
  const c = data?.node?.__typename === 'ScimConfig' ? data.node : undefined;
  if (!c) {
    return (
      <>
        <Head title={fetching ? '…' : 'No configuration'} back={back} />
        <Problem error={error} retry={refresh} />
        <div className="card flush">{fetching ? <Waiting /> : !error && <Empty title="There is no such configuration">It may have been deleted.</Empty>}</div>
      </>
    );
  }
  const people = data?.users.totalCount ?? 0;
  const live = c.tokens.filter((t) => !t.revokedAt && daysUntil(t.expiresAt) > 0);
  const over = c.tokens.filter((t) => !live.includes(t));
  const fresh = c.done.totalCount + c.refused.totalCount + c.failed.totalCount === 0;
  const act = (run: () => Promise<{ error?: CombinedError | undefined }>) => async () => { const r = await run(); refresh(); return r.error; };
  return (
    <>
      <Head back={back} title={<Group gap="sm">{c.name}<Badge variant="light" radius="sm" color={c.status === 'ACTIVE' ? 'usher' : 'orange'}>{c.status === 'ACTIVE' ? 'Active' : 'Paused'}</Badge></Group>} says={<>{providers[c.identityProvider]} · <Anchor size="sm" underline="always" href={`#/guides/${guideOf[c.identityProvider]}?config=${id}`}>Set-up guide</Anchor></>}>
        {viewer.mayChange && (
          <>
            <Button onClick={() => setRotating(true)} leftSection={<Icon name="key" size={16} />}>New token</Button>
            <Menu position="bottom-end">
              <Menu.Target><Button variant="default" px="xs" aria-label="More to do"><Icon name="more" /></Button></Menu.Target>
              <Menu.Dropdown>
                {c.status === 'ACTIVE' ? (
                  <Menu.Item onClick={() => ask({ title: `Pause ${c.name}`, yes: 'Pause', consequence: `Its provider is told to come again later, and repeats what it wanted when you resume: nothing is lost. Until then nobody joins or leaves through it; the ${people} people who are here keep their seats.`, act: act(() => pause({ id })) })}>Pause…</Menu.Item>
                ) : (
                  <Menu.Item onClick={() => ask({ title: `Resume ${c.name}`, yes: 'Resume', consequence: 'Its provider is let in again, and sends what it has kept back.', act: act(() => resume({ id })) })}>Resume…</Menu.Item>
                )}
                <Menu.Item color="red" onClick={() => ask({
                  title: `Delete ${c.name}`, yes: 'Delete', danger: true, type: c.name,
                  consequence: people > 0 ? `It still holds ${people} ${people === 1 ? 'person' : 'people'}, so that deleting will be refused: let the provider unassign them first, or pause the configuration.` : `Its ${live.length} live ${live.length === 1 ? 'token ends' : 'tokens end'} at once and its settings are gone. This cannot be undone.`,
                  act: async () => { const r = await remove({ id }); if (!r.error) go('#/scim'); return r.error; },
                })}>Delete…</Menu.Item>
              </Menu.Dropdown>
            </Menu>
          </>
        )}
      </Head>
      <Stack gap="lg">
        <Problem error={error} retry={refresh} />
        {c.status === 'PAUSED' && c.pausedBy === 'plan' && <Alert color="orange" icon={<Icon name="warn" />}>It is paused because the plan does not have SCIM. It goes on by itself when the plan has it again.</Alert>}
        {c.warnings.map((w) => <Alert key={w.code} color="orange" icon={<Icon name="warn" />}>{w.message}</Alert>)}
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
          <section className="card" aria-labelledby="settings">
            <Title order={2} mb="sm" id="settings">Settings</Title>
            <Facts of={[
              ['Gives seats of', c.autoAssign ? c.license?.product ?? '—' : 'nothing: auto-assign is off'],
              ['Pushed member lists', c.memberMode === 'AUTHORITATIVE' ? 'are the whole list' : 'leave members by hand'],
              ['Takes requests as', c.preset === 'AUTO' ? 'every known provider sends them' : c.preset === 'STRICT' ? 'the RFC says, to the letter' : providers[c.preset]],
              ['Recognized', c.recognized ? c.recognized.provider.charAt(0) + c.recognized.provider.slice(1).toLowerCase() : 'not yet'],
              ['People', <Anchor key="p" size="sm" href={`#/people?config=${id}`}>{people.toLocaleString('en')}</Anchor>], ['Groups', <Anchor key="g" size="sm" href={`#/groups?config=${id}`}>{(data?.groups.totalCount ?? 0).toLocaleString('en')}</Anchor>],
              ['Last call', <When at={c.newest.nodes[0]?.at ?? c.lastUsedAt} />],
              ['Calls in 30 days', `${c.done.totalCount} done, ${c.refused.totalCount} refused, ${c.failed.totalCount} failed`],
              ['Made', <When at={c.createdAt} />],
            ]} />
          </section>
          <Stack gap="lg">
            <section className="card"><Copy label="Base URL" value={c.baseUrl} /></section>
            {fresh && <section className="card" aria-labelledby="checks"><Title order={2} mb="sm" id="checks">Live checks</Title><LiveChecks id={id} /></section>}
            <section className="card flush" aria-labelledby="tokens">
              <Title order={2} px="md" pt="md" pb="xs" id="tokens">Tokens</Title>
              {c.tokens.length === 0 && <Empty title="No token yet">Without one the provider cannot come in.</Empty>}
              {c.tokens.length > 0 && (
                <Table.ScrollContainer minWidth={420}>
                  <Table>
                    <Table.Thead><Table.Tr><Table.Th>Name</Table.Th><Table.Th>Last used</Table.Th><Table.Th>Ends</Table.Th><Table.Th><VisuallyHidden>To do</VisuallyHidden></Table.Th></Table.Tr></Table.Thead>
                    <Table.Tbody>
                      {[...live, ...over].map((t) => {
                        const ended = !live.includes(t);
                        return (
                          <Table.Tr key={t.id} style={ended ? { opacity: 0.65 } : undefined}>
                            <Table.Td><Text size="sm">{t.name}</Text>{t.scopes.includes('scim:read') && <Text size="xs" c="dimmed">reads only</Text>}</Table.Td>
                            <Table.Td><When at={t.lastUsedAt} /></Table.Td>
                            <Table.Td>{t.revokedAt ? <Text size="sm" component="div">revoked <When at={t.revokedAt} /></Text> : <Text size="sm" c={daysUntil(t.expiresAt) <= 30 ? 'orange' : undefined}>{dateOf(t.expiresAt)}</Text>}</Table.Td>
                            <Table.Td ta="right">
                              {!ended && viewer.mayChange && (
                                <Button size="compact-xs" variant="default" aria-label={`Revoke ${t.name}`} onClick={() => ask({
                                  title: `Revoke ${t.name}`, yes: 'Revoke', danger: true,
                                  consequence: live.length > 1
                                    ? `Whoever uses it is turned away within a second. ${live.length - 1} other ${live.length === 2 ? 'token stays' : 'tokens stay'} good: be sure that the provider has that one.${t.lastUsedAt && Date.now() - Date.parse(t.lastUsedAt) < 86_400_000 ? ' This one was used within the last day.' : ''}`
                                    : 'It is the only live token: the provider is turned away within a second, until it has a new one. Nothing that it has sent is lost.',
                                  act: act(() => revoke({ id: t.id })),
                                })}>Revoke</Button>
                              )}
                            </Table.Td>
                          </Table.Tr>
                        );
                      })}
                    </Table.Tbody>
                  </Table>
                </Table.ScrollContainer>
              )}
            </section>
          </Stack>
        </SimpleGrid>
        <Calls id={id} />
      </Stack>
      <Confirm question={question} close={() => ask(undefined)} />
      <Modal opened={rotating} onClose={() => setRotating(false)} size="lg" closeOnClickOutside={false} title={<Text fw={650}>New token for {c.name}</Text>}>
        <Rotate id={id} name={c.name} others={live.length} baseUrl={c.baseUrl} done={() => { setRotating(false); refresh(); }} />
      </Modal>
    </>
  );
}

// Rotate makes one more token, so that the old one can go once the provider has the new one.
function Rotate({ id, name, others: now, baseUrl, done }: { id: string; name: string; others: number; baseUrl: string; done: () => void }) {
  const [others] = useState(now); // the new one, which is live as well a moment later, is none of them
  const [called, setCalled] = useState(`${name}, ${new Date().getFullYear()}`);
  const [days, setDays] = useState<number | string>(730);
  const [{ data, error, fetching }, issue] = useMutation(IssueToken);
  const made = data?.issueScimToken;
  if (made) {
    return (
      <Stack>
        <Alert color="orange" icon={<Icon name="key" />}>The token is shown this once and stored nowhere.</Alert>
        <Copy label="Base URL" value={baseUrl} />
        <Copy label="Token" value={made.secret} hint={`Good until ${dateOf(made.token.expiresAt)}.`} />
        {others > 0 && <Text size="sm">The {others === 1 ? 'old token stays' : `${others} old tokens stay`} good until you revoke {others === 1 ? 'it' : 'them'}: paste the new one into the provider, see it used here, and then revoke the old.</Text>}
        <Group justify="flex-end"><Button onClick={done}>Done</Button></Group>
      </Stack>
    );
  }
  return (
    <form onSubmit={(e) => { e.preventDefault(); void issue({ id, name: called, days: typeof days === 'number' ? days : null }); }}>
      <Stack>
        <TextInput label="Name" description="What it is for, as you will find it in the list" required maxLength={200} value={called} onChange={(e) => setCalled(e.currentTarget.value)} data-autofocus />
        <NumberInput label="Days to live" min={1} max={3650} value={days} onChange={setDays} allowDecimal={false} w={160} />
        {others > 0 && <Text size="sm" c="dimmed">Both tokens are good for as long as you like, so that the change leaves no gap.</Text>}
        <Problem error={error} />
        <Group justify="flex-end"><Button type="submit" loading={fetching} disabled={!called.trim()}>Generate token</Button></Group>
      </Stack>
    </form>
  );
}

function Calls({ id }: { id: string }) {
  const { query } = useRoute();
  const which = query.get('calls') ?? 'all';
  const after = query.get('after') ?? undefined;
  const before = query.get('before') ?? undefined;
  const filter = which === 'refused' ? { refused: true } : null;
  const [{ data, error, fetching }, again] = useQuery({ query: CallsQuery, variables: { id, filter, ...(before ? { last: 30, before } : { first: 30, after }) } });
  const refresh = () => again({ requestPolicy: 'network-only' });
  useBeat(refresh);
  useTick(() => { if (!before && !after) refresh(); }, 3000);
  const calls = data?.node?.__typename === 'ScimConfig' ? data.node.calls : undefined;
  return (
    <section aria-labelledby="calls">
      <Group justify="space-between" mb="xs">
        <Title order={2} id="calls">Calls</Title>
        <SegmentedControl size="xs" aria-label="Which calls" value={which === 'refused' ? 'refused' : 'all'} onChange={(v) => settle({ calls: v === 'all' ? undefined : v, after: undefined, before: undefined })} data={[{ value: 'all', label: 'All' }, { value: 'refused', label: 'Refused and failed' }]} />
      </Group>
      <Problem error={error} />
      <div className="card flush">
        {!calls && fetching && <Waiting />}
        {calls?.nodes.length === 0 && <Empty title={which === 'refused' ? 'No call was refused' : 'No calls yet'}>{which === 'refused' ? 'Everything that the provider sent was taken.' : 'As soon as the provider calls, each call is here for 30 days, with what it was told.'}</Empty>}
        {calls && calls.nodes.length > 0 && (
          <>
            <Table.ScrollContainer minWidth={600}>
              <Table>
                <Table.Thead><Table.Tr><Table.Th>When</Table.Th><Table.Th>Call</Table.Th><Table.Th>Answer</Table.Th><Table.Th ta="right">Took</Table.Th></Table.Tr></Table.Thead>
                <Table.Tbody>
                  {calls.nodes.map((k) => (
                    <Table.Tr key={k.id}>
                      <Table.Td><When at={k.at} /></Table.Td><Table.Td className="mono">{k.method} {k.path}</Table.Td><Table.Td><CallStatus call={k} /></Table.Td>
                      <Table.Td ta="right"><Text size="sm" c="dimmed" style={{ whiteSpace: 'nowrap' }}>{(k.durationMicroseconds / 1000).toLocaleString('en', { maximumFractionDigits: 1 })} ms</Text></Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
            <Pager info={calls.pageInfo} shown={calls.nodes.length} noun={['call', 'calls']} turn={(to) => settle({ after: to.after, before: to.before })} />
          </>
        )}
      </div>
    </section>
  );
}
