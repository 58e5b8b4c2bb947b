import { Alert, Anchor, Badge, Button, Group, Modal, SegmentedControl, Stack, Table, Text, Title, VisuallyHidden } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useMutation, useQuery, type CombinedError } from 'urql';
import { graphql } from '../gql';
import type { PreviewChange, PreviewQuery as Previewed } from '../gql/graphql';
import { useCalmBeat, useBeat } from '../live';
import { Confirm, type Question } from '../parts/confirm';
import { Icon } from '../parts/icon';
import { money } from '../parts/money';
import { Empty, Head, Pager, scrolled, Waiting, type Place } from '../parts/page';
import { Problem } from '../parts/problem';
import { number, StateLabel } from '../parts/seats';
import { When } from '../parts/time';
import { useViewer } from '../viewer';
import { Means, Progressing, RuleForm, ruleStatus } from './license-rules';

const RuleQuery = graphql(`
  query Rule($id: ID!) {
    rule(id: $id) {
      id name status published createdAt updatedAt
      license { id product }
      revisions { number status groupId filter choice priority author createdAt publishedAt }
      run { revision state total done gained lost startedAt endedAt }
    }
  }
`);
const PreviewQuery = graphql(`
  query Preview($id: ID!, $change: PreviewChange, $first: Int, $after: String, $last: Int, $before: String) {
    rulePreview(ruleId: $id, change: $change, first: $first, after: $after, last: $last, before: $before) {
      totalCount
      sums { licenseId product means gain lose seats waiting overAssigned costMinor currency }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      nodes { user { id userName displayName department } licenseId change state }
    }
  }
`);
const Publish = graphql(`mutation PublishRule($id: ID!, $revision: Int64) { publishRule(input: { ruleId: $id, expectedRevision: $revision }) { rule { id status } } }`);
const RollBack = graphql(`mutation RollBackRule($id: ID!, $revision: Int64!) { rollBackRule(input: { ruleId: $id, revision: $revision }) { rule { id status } } }`);
const Retire = graphql(`mutation RetireRule($id: ID!) { retireRule(input: { ruleId: $id }) { rule { id status } } }`);

type Sum = Previewed['rulePreview']['sums'][number];

const revisionWords = { DRAFT: 'Draft', PUBLISHED: 'Holds', SUPERSEDED: 'Held before' };

function signed(n: number): string {
  return n > 0 ? `+${number(n)}` : n < 0 ? `−${number(-n)}` : '0';
}

// RulePage is one rule: what holds, what its draft would change, and how it came to be so.
export default function RulePage({ id }: { id: string }) {
  const viewer = useViewer();
  const [{ data, error, fetching }, again] = useQuery({ query: RuleQuery, variables: { id } });
  const refresh = () => again({ requestPolicy: 'network-only' });
  useBeat(refresh);
  const [question, ask] = useState<Question>();
  const [editing, setEditing] = useState(false);
  const [, rollBack] = useMutation(RollBack);
  const [, retire] = useMutation(Retire);
  const r = data?.rule;
  const running = r?.run?.state === 'running';
  useEffect(() => {
    if (!running) {
      return undefined;
    }
    const timer = setInterval(() => again({ requestPolicy: 'network-only' }), 1000);
    return () => clearInterval(timer);
  }, [running, again]);
  if (!r) {
    return (
      <>
        <Head title={fetching ? '…' : 'No rule'} back={{ to: '#/licenses', label: 'Licenses' }} />
        <Problem error={error} retry={refresh} />
        <div className="card flush">{fetching ? <Waiting /> : !error && <Empty title="There is no such rule" />}</div>
      </>
    );
  }
  const draft = r.revisions.find((v) => v.status === 'DRAFT');
  const holds = r.revisions.find((v) => v.status === 'PUBLISHED');
  const start = draft ?? holds ?? r.revisions[0];
  const act = (run: () => Promise<{ error?: CombinedError | undefined }>) => async () => { const done = await run(); refresh(); return done.error; };
  return (
    <>
      <Head title={<Group gap="sm">{r.name}<Badge variant="light" color={ruleStatus[r.status].color}>{ruleStatus[r.status].label}</Badge></Group>} back={{ to: `#/licenses/${r.license.id}?tab=rules`, label: `Rules of ${r.license.product}` }}>
        {viewer.mayChange && <Button variant="default" onClick={() => setEditing(true)}>{draft ? 'Change the draft' : 'Draft a change'}</Button>}
        {viewer.mayChange && r.status === 'ACTIVE' && (
          <Button variant="default" onClick={() => ask({
            title: `Retire ${r.name}`, yes: 'Retire', danger: true, act: act(() => retire({ id })),
            consequence: `A run takes away the reasons that the rule gave. Whoever has no other reason loses her seat of ${r.license.product}, and the first in line gets it. Rolling back to an earlier version makes the rule hold again.`,
          })}>Retire…</Button>
        )}
      </Head>
      <Stack gap="lg">
        <Problem error={error} retry={refresh} />
        {r.run && <section className="card" aria-label="Run"><Progressing run={r.run} /></section>}
        {holds && <section className="card" aria-labelledby="holds"><Title order={2} mb={6} id="holds">What holds</Title><Means of={holds} /><Text size="xs" c="dimmed" mt={4} component="div">Version {holds.number}, published <When at={holds.publishedAt} size="xs" /></Text></section>}
        {draft && <Draft rule={id} name={r.name} revision={draft.number} definition={draft} ask={ask} refresh={refresh} />}
        {!draft && r.status !== 'ACTIVE' && <Alert color="blue" icon={<Icon name="wait" />}>No version of the rule holds. Draft a change, or roll back to a version below.</Alert>}
        <section className="card flush" aria-labelledby="versions">
          <Title order={2} px="md" pt="md" pb="xs" id="versions">Versions</Title>
          <Table.ScrollContainer minWidth={620}>
            <Table>
              <Table.Thead><Table.Tr><Table.Th>Version</Table.Th><Table.Th>Whom it means</Table.Th><Table.Th>Written</Table.Th><Table.Th>Published</Table.Th><Table.Th><VisuallyHidden>To do</VisuallyHidden></Table.Th></Table.Tr></Table.Thead>
              <Table.Tbody>
                {r.revisions.map((v) => (
                  <Table.Tr key={v.number}>
                    <Table.Td><Group gap={6} wrap="nowrap">{v.number}<Badge variant="light" color={v.status === 'PUBLISHED' ? 'usher' : v.status === 'DRAFT' ? 'orange' : 'gray'}>{revisionWords[v.status]}</Badge></Group></Table.Td>
                    <Table.Td><Means of={v} /></Table.Td>
                    <Table.Td><Text size="sm" component="div"><When at={v.createdAt} /><Text size="xs" c="dimmed">{v.author}</Text></Text></Table.Td>
                    <Table.Td><When at={v.publishedAt} /></Table.Td>
                    <Table.Td ta="right">
                      {viewer.mayChange && v.publishedAt && v.status !== 'PUBLISHED' && (
                        <Button size="compact-xs" variant="default" onClick={() => ask({
                          title: `Roll ${r.name} back to version ${v.number}`, yes: 'Roll back', act: act(() => rollBack({ id, revision: v.number })),
                          consequence: <>What version {v.number} said holds again at once, as a new version. A run gives reasons to whom it means and takes them from whom it does not; who has no other reason loses her seat. {draft && 'The draft stays as it is.'}</>,
                        })} aria-label={`Roll back to version ${v.number}`}>Roll back</Button>
                      )}
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        </section>
      </Stack>
      <Confirm question={question} close={() => ask(undefined)} />
      <Modal opened={editing} onClose={() => setEditing(false)} size="lg" title={<Text fw={650}>{draft ? 'Change the draft' : 'Draft a change'} of {r.name}</Text>}>
        <RuleForm rule={id} {...(start ? { was: start } : {})} done={() => { setEditing(false); refresh(); }} cancel={() => setEditing(false)} />
      </Modal>
    </>
  );
}

const size = 25;

// Draft tells what publishing would do, person by person, and publishes.
function Draft({ rule, name, revision, definition, ask, refresh }: {
  rule: string; name: string; revision: number; definition: { groupId?: string | null; filter?: string | null; choice?: string | null; priority: number };
  ask: (q: Question) => void; refresh: () => void;
}) {
  const viewer = useViewer();
  const [change, setChange] = useState<PreviewChange | 'ALL'>('ALL');
  const [place, setPlace] = useState<Place>({});
  const [, publish] = useMutation(Publish);
  const [{ data, error, fetching }, again] = useQuery({
    query: PreviewQuery, requestPolicy: 'cache-and-network',
    variables: { id: rule, change: change === 'ALL' ? null : change, ...(place.before ? { last: size, before: place.before } : { first: size, after: place.after }) },
  });
  const shape = JSON.stringify(definition);
  useEffect(() => { setPlace({}); again({ requestPolicy: 'network-only' }); }, [shape, revision, again]);
  useCalmBeat(() => again({ requestPolicy: 'network-only' }));
  const p = data?.rulePreview;
  const own = p?.sums[0];
  return (
    <section className="card" aria-labelledby="draft">
      <Group justify="space-between" align="flex-start" mb="sm">
        <div><Title order={2} mb={4} id="draft">Draft: what publishing it would do</Title><Means of={definition} /></div>
        {viewer.mayChange && (
          <Button disabled={!own} onClick={() => own && ask({
            title: `Publish ${name}`, yes: 'Publish',
            consequence: <Stack gap={6}>{p.sums.map((s) => <Text size="sm" key={s.licenseId}><SumWords of={s} /></Text>)}<Text size="sm">A run gives and takes the reasons, and people who change from then on gain and lose at once. You can roll back.</Text></Stack>,
            act: async () => { const r = await publish({ id: rule, revision }); refresh(); return r.error; },
          })}>Publish…</Button>
        )}
      </Group>
      <Problem error={error} retry={() => again({ requestPolicy: 'network-only' })} />
      {!p && fetching && <Waiting rows={4} />}
      {p && (
        <>
          <Table.ScrollContainer minWidth={560} scrollAreaProps={scrolled}>
            <Table mb="sm">
              <Table.Thead><Table.Tr><Table.Th>License</Table.Th><Table.Th ta="right">Gain</Table.Th><Table.Th ta="right">Lose</Table.Th><Table.Th ta="right">Seats</Table.Th><Table.Th ta="right">In line</Table.Th><Table.Th ta="right">Cost a year</Table.Th></Table.Tr></Table.Thead>
              <Table.Tbody>
                {p.sums.map((s) => (
                  <Table.Tr key={s.licenseId}>
                    <Table.Td><Text size="sm" fw={550}>{s.product}</Text>{s.means > 0 && <Text size="xs" c="dimmed">means {number(s.means)} {s.means === 1 ? 'person' : 'people'}</Text>}</Table.Td>
                    <Table.Td ta="right">{number(s.gain)}</Table.Td><Table.Td ta="right"><Text size="sm" c={s.lose > 0 ? 'red' : undefined}>{number(s.lose)}</Text></Table.Td>
                    <Table.Td ta="right">{signed(s.seats)}</Table.Td><Table.Td ta="right">{signed(s.waiting)}</Table.Td>
                    <Table.Td ta="right">{s.costMinor === null || s.costMinor === undefined ? '–' : `${s.costMinor > 0 ? '+' : s.costMinor < 0 ? '−' : ''}${money(Math.abs(s.costMinor), s.currency ?? 'EUR')}`}</Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
          {p.sums.filter((s) => s.overAssigned > 0).map((s) => <Alert key={s.licenseId} color="red" mb="sm">{s.product} would have {number(s.overAssigned)} more in use than bought.</Alert>)}
          <SegmentedControl size="xs" mb="xs" aria-label="Which people" value={change} onChange={(v) => { setPlace({}); setChange(v as PreviewChange | 'ALL'); }} data={[{ value: 'ALL', label: 'All who change' }, { value: 'GAINS', label: 'Who gains' }, { value: 'LOSES', label: 'Who loses' }]} />
          {p.nodes.length === 0 && <Empty title="Nobody would gain or lose">{change === 'ALL' ? 'Whom the rule means has a reason for a seat already, or nobody is like that.' : undefined}</Empty>}
          {p.nodes.length > 0 && (
            <div className="card flush">
              <Table.ScrollContainer minWidth={480}>
                <Table>
                  <Table.Thead><Table.Tr><Table.Th>Person</Table.Th><Table.Th>Department</Table.Th><Table.Th>Would</Table.Th><Table.Th>Her seat today</Table.Th></Table.Tr></Table.Thead>
                  <Table.Tbody>
                    {p.nodes.map((n, i) => (
                      <Table.Tr key={(n.user?.id ?? i) + n.licenseId}>
                        <Table.Td>{n.user ? <Anchor size="sm" fw={550} href={`#/people/${n.user.id}`}>{n.user.displayName || n.user.userName}</Anchor> : <Text size="sm" c="dimmed">deleted</Text>}</Table.Td>
                        <Table.Td><Text size="sm">{n.user?.department}</Text></Table.Td>
                        <Table.Td><Text size="sm" c={n.change === 'LOSES' ? 'red' : undefined}>{n.change === 'GAINS' ? 'gain' : 'lose'}{p.sums.length > 1 && ` ${p.sums.find((s) => s.licenseId === n.licenseId)?.product ?? ''}`}</Text></Table.Td>
                        <Table.Td>{n.state ? <StateLabel state={n.state} /> : <Text size="sm" c="dimmed">never had one</Text>}</Table.Td>
                      </Table.Tr>
                    ))}
                  </Table.Tbody>
                </Table>
              </Table.ScrollContainer>
              <Pager info={p.pageInfo} total={p.totalCount} shown={p.nodes.length} noun={['change', 'changes']} turn={setPlace} />
            </div>
          )}
        </>
      )}
    </section>
  );
}

function SumWords({ of: s }: { of: Sum }) {
  const cost = s.costMinor ? `, which ${s.costMinor > 0 ? 'costs' : 'saves'} ${money(Math.abs(s.costMinor), s.currency ?? 'EUR')} a year` : '';
  return <><b>{s.product}</b>: {number(s.gain)} gain and {number(s.lose)} lose. {signed(s.seats)} seats taken{cost}{s.waiting !== 0 && `, ${signed(s.waiting)} in line`}{s.overAssigned > 0 && `; ${number(s.overAssigned)} more in use than bought`}.</>;
}
