import { Alert, Anchor, Badge, Button, Group, SimpleGrid, Stack, Table, Text, Title, VisuallyHidden } from '@mantine/core';
import { useMemo, type ReactNode } from 'react';
import { useQuery } from 'urql';
import { graphql } from '../gql';
import type { OverviewQuery as Overview, OverviewUseQuery as OverviewUse } from '../gql/graphql';
import { useBeat, useCalmBeat } from '../live';
import { CallStatus } from '../parts/call';
import { nameOfDay, today } from '../parts/day';
import { Icon } from '../parts/icon';
import { money, percent } from '../parts/money';
import { Empty, Head, Waiting } from '../parts/page';
import { Problem } from '../parts/problem';
import { number, SeatBar } from '../parts/seats';
import { Spark } from '../parts/spark';
import { daysUntil, When } from '../parts/time';
import { useViewer } from '../viewer';

const LicensesPart = graphql(`
  query OverviewLicenses {
    licenses(first: 20) {
      totalCount
      nodes {
        id product total taken free waiting overAssigned termEnd
        activated: seats(state: ACTIVATED) { totalCount }
        invited: seats(state: INVITED) { totalCount }
        consent: seats(state: CONSENT_PENDING) { totalCount }
        paused: seats(state: PAUSED) { totalCount }
        grace: seats(state: GRACE) { totalCount }
      }
    }
  }
`);

const OverviewQuery = graphql(`
  query Overview($since: Time!) {
    users { totalCount }
    groups { totalCount }
    tenant {
      id
      scimConfigs(first: 20) {
        totalCount
        nodes {
          id name status pausedBy lastUsedAt createdAt
          warnings { code message }
          tokens { id name expiresAt revokedAt }
          refused: calls(filter: { refused: true, since: $since }) { totalCount }
        }
      }
      calls(first: 8) {
        nodes { id at method path status verdict detail durationMicroseconds probe scimConfig { id name } }
      }
    }
  }
`);

const UsePart = graphql(`
  query OverviewUse($from: Date!) {
    licenseUtilization {
      licenses {
        license { id }
        purchased
        windows { days active utilizationOfPurchased }
        reclaimable { idleDays seats worthPerYear currency }
        forecast { runOut { expected } }
        series(step: WEEK, from: $from) { to assignmentRate windows { days utilizationOfPurchased } }
      }
    }
    alerts(first: 20, filter: { open: true }) { nodes { id kind threshold value license { id product } } }
  }
`);

type Use = OverviewUse['licenseUtilization']['licenses'][number];

interface Decision {
  id: string;
  tone: 'red' | 'orange' | 'blue';
  text: ReactNode;
  action: ReactNode;
}

// Overview says how the seats stand, what needs a decision, and what the providers did last.
export default function OverviewPage() {
  const viewer = useViewer();
  const since = useMemo(() => new Date(Date.now() - 86_400_000).toISOString(), []);
  const [seats, seatsAgain] = useQuery({ query: LicensesPart });
  const looks = viewer.role !== 'REPORTING';
  const [rest, restAgain] = useQuery({ query: OverviewQuery, variables: { since }, pause: !looks });
  const zone = viewer.tenant?.timeZone ?? 'UTC';
  const from = useMemo(() => today(zone, new Date(Date.now() - 364 * 86_400_000)), [zone]);
  const [use, useAgain] = useQuery({ query: UsePart, variables: { from } });
  useCalmBeat(() => useAgain({ requestPolicy: 'network-only' }), 10_000);
  useBeat(() => {
    seatsAgain({ requestPolicy: 'network-only' });
    if (looks) {
      restAgain({ requestPolicy: 'network-only' });
    }
  });
  const licenses = seats.data?.licenses.nodes;
  const used = use.data?.licenseUtilization.licenses ?? [];
  const decisions = decide(licenses ?? [], used, use.data?.alerts.nodes ?? [], rest.data);
  return (
    <>
      <Head title="Overview" />
      <Stack gap="lg">
        <Problem error={seats.error ?? rest.error ?? use.error} retry={() => { seatsAgain({ requestPolicy: 'network-only' }); useAgain({ requestPolicy: 'network-only' }); if (looks) restAgain({ requestPolicy: 'network-only' }); }} />
        {(rest.data || !looks) && seats.data && (use.data || use.error) && <Decisions all={decisions} />}
        <section aria-labelledby="seats">
          <Group justify="space-between" mb="xs"><Title order={2} id="seats">Seats</Title><Anchor href="#/licenses" size="sm">All licenses</Anchor></Group>
          {!licenses && seats.fetching && <div className="card flush"><Waiting rows={3} /></div>}
          {licenses?.length === 0 && (
            <div className="card flush"><Empty title="No licenses yet">A license is what your company bought: a product and a number of seats. Your vendor or the operator adds it.</Empty></div>
          )}
          <Stack gap="sm">
            {licenses?.map((l) => (
              <div className="card" key={l.id}>
                <Group justify="space-between" mb={10}>
                  <Anchor href={`#/licenses/${l.id}`} fw={600} c="inherit">{l.product}</Anchor>
                  <Text size="sm" c="dimmed">{number(l.taken)} of {number(l.total)} seats taken{l.total > 0 ? `, ${Math.round((100 * l.taken) / l.total)} %` : ''}</Text>
                </Group>
                <div className="seats-and-use">
                  <SeatBar license={l} />
                  <OverTime of={used.find((u) => u.license.id === l.id)} product={l.product} />
                </div>
              </div>
            ))}
          </Stack>
        </section>
        {looks && rest.data && (
          <SimpleGrid cols={{ base: 1, xs: 3 }}>
            <Figure label="People" value={rest.data.users.totalCount} href="#/people" />
            <Figure label="Groups" value={rest.data.groups.totalCount} href="#/groups" />
            <Figure label="SCIM configurations" value={rest.data.tenant.scimConfigs.totalCount} href="#/scim" />
          </SimpleGrid>
        )}
        {looks && rest.data && <Calls all={rest.data.tenant.calls.nodes} />}
      </Stack>
    </>
  );
}

// OverTime is the utilization of a license over a year; where nobody tells of its use, how much of it was given out.
function OverTime({ of, product }: { of: Use | undefined; product: string }) {
  if (!of) {
    return <div className="over-time" />;
  }
  const rate = of.windows.find((w) => w.days === 30)?.utilizationOfPurchased;
  const use = of.series.map((p) => p.windows.find((w) => w.days === 30)?.utilizationOfPurchased ?? null);
  const known = use.some((v) => v !== null);
  const values = known ? use : of.series.map((p) => p.assignmentRate ?? null);
  const [first, last] = [values.find((v) => v !== null), values.findLast((v) => v !== null)];
  const what = known ? 'used of bought' : 'given out';
  return (
    <a href={`#/reports/${of.license.id}?chart=use`} className="over-time">
      <VisuallyHidden>Report of {product}: </VisuallyHidden>
      <Spark values={values} color={known ? 'var(--seat-activated)' : 'var(--seat-grace)'} label={`${what} over the last year, from ${percent(first)} to ${percent(last)}`} />
      <Text size="xs" c="dimmed"><Text component="span" size="sm" fw={650} c="var(--mantine-color-text)">{percent(known ? rate : last)}</Text> {what}{known ? ' in 30 days' : '; use is unknown'}</Text>
    </a>
  );
}

function Figure({ label, value, href }: { label: string; value: number; href: string }) {
  return (
    <a href={href} className="card" style={{ color: 'inherit', textDecoration: 'none' }}>
      <Text size="sm" c="dimmed">{label}</Text>
      <Text fz="1.6rem" fw={650} lh={1.2}>{number(value)}</Text>
    </a>
  );
}

function Decisions({ all }: { all: Decision[] }) {
  return (
    <section aria-labelledby="decisions">
      <Group gap="xs" mb="xs"><Title order={2} id="decisions">Needs a decision</Title>{all.length > 0 && <Badge variant="light" color="orange">{all.length}</Badge>}</Group>
      {all.length === 0 && <Text size="sm" c="dimmed"><Icon name="check" size={14} /> Nothing does. Seats suffice, no token is about to end, and every provider is heard.</Text>}
      <Stack gap={8}>
        {all.map((d) => (
          <Alert key={d.id} color={d.tone} p="sm" icon={<Icon name={d.tone === 'blue' ? 'wait' : 'warn'} />}>
            <Group justify="space-between" gap="sm"><Text size="sm" flex={1} miw={220}>{d.text}</Text>{d.action}</Group>
          </Alert>
        ))}
      </Stack>
    </section>
  );
}

function Act({ href, label }: { href: string; label: string }) {
  return <Button component="a" href={href} size="xs" variant="default">{label}</Button>;
}

const soon = 30; // days

function decide(licenses: { id: string; product: string; total: number; taken: number; free: number; waiting: number; overAssigned: number; termEnd?: string | null }[], used: Use[], alerts: OverviewUse['alerts']['nodes'], rest: Overview | undefined): Decision[] {
  const all: Decision[] = [];
  for (const l of licenses) {
    const use = used.find((u) => u.license.id === l.id);
    const runOut = use?.forecast.runOut?.expected;
    if (runOut && l.free > 0 && daysUntil(runOut) <= 60) {
      all.push({ id: l.id + 'x', tone: daysUntil(runOut) <= 14 ? 'orange' : 'blue', text: <>The seats of <b>{l.product}</b> run out about <b>{nameOfDay(runOut)}</b>, as fast as they are taken now: {number(l.free)} {l.free === 1 ? 'is' : 'are'} free.</>, action: <Act href={`#/reports/${l.id}`} label="See the forecast" /> });
    }
    if (use && use.reclaimable.seats > 0) {
      const worth = use.reclaimable.worthPerYear ? `, worth ${money(use.reclaimable.worthPerYear, use.reclaimable.currency)} a year,` : '';
      all.push({ id: l.id + 'c', tone: l.waiting > 0 ? 'orange' : 'blue', text: <><b>{number(use.reclaimable.seats)}</b> {use.reclaimable.seats === 1 ? 'seat' : 'seats'} of <b>{l.product}</b>{worth} could be taken back: nobody uses {use.reclaimable.seats === 1 ? 'it' : 'them'}.</>, action: <Act href={`#/reports/${l.id}/RECLAIMABLE`} label="See whose" /> });
    }
    const low = alerts.find((a) => a.license.id === l.id && a.kind === 'UTILIZATION');
    if (low) {
      all.push({ id: low.id, tone: 'blue', text: <>Only <b>{low.value} %</b> of what was bought of <b>{l.product}</b> is used; you want to hear of less than {low.threshold} %.</>, action: <Act href={`#/reports/${l.id}?chart=use`} label="See the report" /> });
    }
    if (l.waiting > 0) {
      all.push({ id: l.id + 'w', tone: 'orange', text: <><b>{number(l.waiting)}</b> {l.waiting === 1 ? 'person waits' : 'people wait'} for a seat of <b>{l.product}</b>: all {number(l.total)} are taken.</>, action: <Act href={`#/licenses/${l.id}?state=WAITING`} label="See who waits" /> });
    } else if (l.free === 0 && l.total > 0) {
      all.push({ id: l.id + 'f', tone: 'blue', text: <>No seat of <b>{l.product}</b> is free. The next person will wait.</>, action: <Act href={`#/licenses/${l.id}`} label="Look at it" /> });
    }
    if (l.overAssigned > 0) {
      all.push({ id: l.id + 'o', tone: 'red', text: <><b>{l.product}</b> has {number(l.overAssigned)} more {l.overAssigned === 1 ? 'seat' : 'seats'} in use than were bought.</>, action: <Act href={`#/licenses/${l.id}`} label="Look at it" /> });
    }
    if (l.termEnd && daysUntil(l.termEnd) <= 60) {
      all.push({ id: l.id + 't', tone: 'orange', text: <>The term of <b>{l.product}</b> {daysUntil(l.termEnd) < 0 ? 'is over' : `ends in ${daysUntil(l.termEnd)} days`}.</>, action: <Act href={`#/licenses/${l.id}`} label="Look at it" /> });
    }
  }
  for (const c of rest?.tenant.scimConfigs.nodes ?? []) {
    const look = <Act href={`#/scim/${c.id}`} label="Look at it" />;
    const live = c.tokens.filter((t) => !t.revokedAt && daysUntil(t.expiresAt) > 0);
    const last = live.map((t) => t.expiresAt).sort().at(-1);
    if (c.status === 'PAUSED') {
      all.push({ id: c.id + 'p', tone: 'orange', text: <><b>{c.name}</b> is paused{c.pausedBy === 'plan' ? ': the plan does not have SCIM' : ''}. Its provider is told to come again later.</>, action: look });
    }
    if (!last) {
      all.push({ id: c.id + 'n', tone: 'red', text: <><b>{c.name}</b> has no live token: its provider cannot come in.</>, action: look });
    } else if (daysUntil(last) <= soon) {
      all.push({ id: c.id + 'e', tone: daysUntil(last) <= 7 ? 'red' : 'orange', text: <>The last token of <b>{c.name}</b> ends in {daysUntil(last)} {daysUntil(last) === 1 ? 'day' : 'days'}. Afterwards its provider cannot come in.</>, action: <Act href={`#/scim/${c.id}`} label="Rotate" /> });
    }
    if (c.status === 'ACTIVE' && c.lastUsedAt && Date.now() - Date.parse(c.lastUsedAt) > 2 * 86_400_000) {
      all.push({ id: c.id + 's', tone: 'orange', text: <><b>{c.name}</b> has been silent: its last call was <When at={c.lastUsedAt} />.</>, action: look });
    }
    if (c.refused.totalCount > 0) {
      all.push({ id: c.id + 'r', tone: 'blue', text: <><b>{number(c.refused.totalCount)}</b> {c.refused.totalCount === 1 ? 'call' : 'calls'} of <b>{c.name}</b> {c.refused.totalCount === 1 ? 'was' : 'were'} refused since yesterday.</>, action: <Act href={`#/scim/${c.id}?calls=refused`} label="See why" /> });
    }
    for (const w of c.warnings) {
      all.push({ id: c.id + w.code, tone: 'orange', text: <><b>{c.name}</b>: {w.message}</>, action: look });
    }
  }
  const rank = { red: 0, orange: 1, blue: 2 };
  return all.sort((a, b) => rank[a.tone] - rank[b.tone]);
}

function Calls({ all }: { all: Overview['tenant']['calls']['nodes'] }) {
  return (
    <section aria-labelledby="calls">
      <Title order={2} id="calls" mb="xs">Last calls of the providers</Title>
      <div className="card flush">
        {all.length === 0 ? (
          <Empty title="No provider has called yet" action={<Button component="a" href="#/scim" variant="light">Go to SCIM configurations</Button>}>Add a SCIM configuration and paste its token into your identity provider; its calls appear here as they come.</Empty>
        ) : (
          <Table.ScrollContainer minWidth={560}>
            <Table>
              <Table.Thead><Table.Tr><Table.Th>When</Table.Th><Table.Th>Configuration</Table.Th><Table.Th>Call</Table.Th><Table.Th>Answer</Table.Th></Table.Tr></Table.Thead>
              <Table.Tbody>
                {all.map((c) => (
                  <Table.Tr key={c.id}>
                    <Table.Td><When at={c.at} /></Table.Td>
                    <Table.Td>{c.scimConfig ? <Anchor size="sm" href={`#/scim/${c.scimConfig.id}`}>{c.scimConfig.name}</Anchor> : <Text size="sm" c="dimmed">another token</Text>}</Table.Td>
                    <Table.Td className="mono">{c.method} {c.path}</Table.Td>
                    <Table.Td><CallStatus call={c} /></Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
      </div>
    </section>
  );
}
