import { Alert, Anchor, Group, SegmentedControl, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useQuery } from 'urql';
import { graphql } from '../gql';
import { definitions } from '../gql/definitions';
import type { ReportQuery as Report } from '../gql/graphql';
import { useCalmBeat } from '../live';
import { AsOfPicker, useAsOf } from '../parts/as-of';
import { nameOfDay } from '../parts/day';
import { Count, Term } from '../parts/figure';
import { Icon } from '../parts/icon';
import { money, percent } from '../parts/money';
import { Empty, Head, Waiting } from '../parts/page';
import { Problem } from '../parts/problem';
import { number, Swatch } from '../parts/seats';
import { When } from '../parts/time';
import { settle, useRoute } from '../route';
import { Breakdown } from './report-breakdown';
import { History } from './report-history';
import { Outlook } from './report-outlook';
import { Downloads } from './reports';

const ReportQuery = graphql(`
  query Report($id: ID!, $at: Time) {
    licenseUtilization(licenses: [$id], at: $at) {
      at
      licenses {
        license { id product sku activityKnown }
        purchased assigned invited activated consentPending paused grace free waiting overAssigned assignmentRate activationRate neverUsed
        windows {
          days active inactive utilizationOfPurchased utilizationOfAssigned
          unused { seats notAssigned notActivated idle cost costNotAssigned costNotActivated costIdle currency }
        }
        sources { name lagHours silentHours reportedAt silent }
        reclaimable { idleDays invitedDays seats idle neverActivated left worthPerYear currency }
        flow { from to assignments removals recovered recoveredWorth currency timeToSeat { cases p50Seconds p95Seconds } timeToRecover { cases p50Seconds p95Seconds } }
        forecast { daysOfData runOut { earliest expected latest takeUp } trueUp { at expectedNeed lowNeed highNeed difference } }
        peak { taken at }
      }
    }
    alerts(first: 20, filter: { licenseId: $id }) { nodes { id kind threshold value crossedAt overAt } }
  }
`);

export type Figures = Report['licenseUtilization']['licenses'][number];
export type Alerts = Report['alerts']['nodes'];
export const d = definitions.LicenseUtilization;
const w = definitions.UtilizationWindow;
const u = definitions.UnusedSeats;

// Report is everything that can be told of one license on one day.
export default function ReportPage({ id }: { id: string }) {
  const asOf = useAsOf();
  const { query } = useRoute();
  const days = [30, 60, 90].find((n) => String(n) === query.get('days')) ?? 30;
  const [{ data, error, fetching }, again] = useQuery({ query: ReportQuery, variables: { id, at: asOf.at } });
  const refresh = () => again({ requestPolicy: 'network-only' });
  useCalmBeat(() => { if (!asOf.day) refresh(); });
  const l = data?.licenseUtilization.licenses[0];
  const back = { to: asOf.day ? `#/reports?at=${asOf.day}` : '#/reports', label: 'Reports' };
  const who = (figure: string) => {
    const asked = new URLSearchParams({ ...(asOf.day ? { at: asOf.day } : {}), ...(days !== 30 ? { days: String(days) } : {}) }).toString();
    return `#/reports/${id}/${figure}${asked ? '?' + asked : ''}`;
  };
  const controls = (
    <>
      <AsOfPicker of={asOf} />
      <Group align="flex-end" h="100%"><Downloads of={[
        { label: 'All figures', path: 'utilization', asked: { license: id, at: asOf.at } },
        { label: 'Day by day', path: 'series', asked: { license: id, at: asOf.at, step: 'day' } },
        { label: 'Month by month', path: 'series', asked: { license: id, at: asOf.at, step: 'month' } },
        { label: 'Who holds a seat', path: 'people', asked: { license: id, at: asOf.at, figure: 'assigned' } },
        { label: 'Who could be taken back from', path: 'people', asked: { license: id, at: asOf.at, figure: 'reclaimable' } },
      ]} /></Group>
    </>
  );
  if (!l) {
    return (
      <>
        <Head title={fetching ? '…' : 'No report'} back={back}>{asOf.day && controls}</Head>
        <Problem error={error} retry={refresh} />
        <div className="card flush">{fetching ? <Waiting rows={10} /> : !error && <Empty title={asOf.day ? 'The license was not there on that day' : 'There is no such license'}>{asOf.day && 'Choose a later day.'}</Empty>}</div>
      </>
    );
  }
  const window = l.windows.find((x) => x.days === days) ?? l.windows[0]!;
  return (
    <>
      <Head back={back} title={l.license.product} says={<>{asOf.day ? `As it was at the end of ${nameOfDay(asOf.day)}. ` : 'Now. '}<Anchor size="sm" underline="always" href={`#/licenses/${id}`}>Seats, rules and policies of the license</Anchor></>}>{controls}</Head>
      <Stack gap="lg">
        <Problem error={error} retry={refresh} />
        <Known of={l} />
        <Group justify="space-between">
          <Text size="sm" c="dimmed">Use is counted over the last</Text>
          <SegmentedControl size="xs" aria-label="Over how many days use is counted" value={String(days)} onChange={(v) => settle({ days: v === '30' ? undefined : v })} data={[30, 60, 90].map((n) => ({ value: String(n), label: `${n} days` }))} />
        </Group>
        <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }}>
          <Headline term="Used of bought" means={w.utilizationOfPurchased} value={percent(window.utilizationOfPurchased)} says={window.active === null || window.active === undefined ? 'unknown' : <><Count n={window.active} label="active" href={who('ACTIVE')} /> of {number(l.purchased)}</>} />
          <Headline term="Used of assigned" means={w.utilizationOfAssigned} value={percent(window.utilizationOfAssigned)} says={<><Count n={window.inactive} label="inactive" href={who('INACTIVE')} /> inactive</>} />
          <Headline term="Assigned" means={d.assignmentRate} value={percent(l.assignmentRate)} says={<><Count n={l.assigned} label="assigned" href={who('ASSIGNED')} /> of {number(l.purchased)}</>} />
          <Headline term="Could be taken back" means={d.reclaimable} value={number(l.reclaimable.seats)} href={l.reclaimable.seats > 0 ? who('RECLAIMABLE') : undefined}
            says={l.reclaimable.worthPerYear ? `worth ${money(l.reclaimable.worthPerYear, l.reclaimable.currency)} a year` : `idle ${l.reclaimable.idleDays} days, invited ${l.reclaimable.invitedDays}`} />
        </SimpleGrid>
        <History id={id} asOf={asOf} days={days} />
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
          <Standing of={l} who={who} />
          <Unused of={window} who={who} />
        </SimpleGrid>
        <Outlook of={l} alerts={data.alerts.nodes} />
        <Breakdown id={id} asOf={asOf} days={days} />
      </Stack>
    </>
  );
}

// Known says whether anything is known of use, and from where.
function Known({ of: l }: { of: Figures }) {
  const silent = l.sources.filter((s) => s.silent);
  if (l.sources.length === 0) {
    return <Alert color="blue" icon={<Icon name="wait" />} title="Nobody tells of the use of this license">Figures of use are unknown until the vendor&apos;s product reports it (recordActivity over GraphQL). Nobody counts as inactive until then.</Alert>;
  }
  if (silent.length > 0) {
    return <Alert color="orange" icon={<Icon name="warn" />} title={`${silent.map((s) => s.name).join(' and ')} has fallen silent`}>Figures of use are unknown, and nobody counts as inactive, until it tells of use again. {silent[0]?.reportedAt && <>It last did <When at={silent[0].reportedAt} />.</>}</Alert>;
  }
  return <Text size="sm" c="dimmed" component="div">Use is told by {l.sources.map((s, n) => <span key={s.name}>{n > 0 && ', '}{s.name} (up to {s.lagHours} hours late{s.reportedAt && <>, last <When at={s.reportedAt} /></>})</span>)}.</Text>;
}

function Headline({ term, means, value, says, href }: { term: string; means: string; value: string; says: React.ReactNode; href?: string | undefined }) {
  return (
    <div className="card">
      <Term means={means}>{term}</Term>
      <Text fz="1.8rem" fw={650} lh={1.25}>{href ? <Anchor href={href} inherit c="inherit">{value}</Anchor> : value}</Text>
      <Text size="sm" c="dimmed" component="div">{says}</Text>
    </div>
  );
}

// Standing has the seats by state, each with who is behind it.
function Standing({ of: l, who }: { of: Figures; who: (figure: string) => string }) {
  const rows = [
    ['ACTIVATED', 'Activated', d.activated, l.activated], ['INVITED', 'Invited', d.invited, l.invited], ['CONSENT_PENDING', 'Consent pending', d.consentPending, l.consentPending],
    ['PAUSED', 'Paused', d.paused, l.paused], ['GRACE', 'In grace', d.grace, l.grace], ['WAITING', 'Waiting', d.waiting, l.waiting],
  ] as const;
  return (
    <section className="card" aria-labelledby="standing">
      <Title order={2} mb="sm" id="standing">Seats</Title>
      <dl className="figures">
        <div><dt><Term means={d.purchased}>Purchased</Term></dt><dd><Text component="span" size="sm" fw={550}>{number(l.purchased)}</Text></dd></div>
        {rows.map(([state, label, means, n]) => <div key={state}><dt><Swatch state={state} /><Term means={means}>{label}</Term></dt><dd><Count n={n} label={label.toLowerCase()} href={who(state)} /></dd></div>)}
        <div><dt><span className="swatch" style={{ backgroundColor: 'var(--seat-free)' }} /><Term means={d.free}>Free</Term></dt><dd><Text component="span" size="sm" fw={550}>{number(l.free)}</Text></dd></div>
        {l.overAssigned > 0 && <div><dt><span className="swatch" style={{ backgroundColor: 'var(--seat-over)' }} /><Term means={d.overAssigned}>More than bought</Term></dt><dd><Text component="span" size="sm" fw={550}>{number(l.overAssigned)}</Text></dd></div>}
        <div><dt><Term means={d.activationRate}>Activation rate</Term></dt><dd><Text component="span" size="sm" fw={550}>{percent(l.activationRate)}</Text></dd></div>
        <div><dt><Term means={d.neverUsed}>Never used</Term></dt><dd><Count n={l.neverUsed} label="never used" href={who('NEVER_USED')} /></dd></div>
      </dl>
    </section>
  );
}

// Unused tells what is paid for and not used, by cause, and what to do about each.
function Unused({ of, who }: { of: Figures['windows'][number]; who: (figure: string) => string }) {
  const un = of.unused;
  if (!un) {
    return (
      <section className="card" aria-labelledby="unused">
        <Title order={2} mb="sm" id="unused">Paid for and not used</Title>
        <Text size="sm" c="dimmed">Unknown: it takes news of use. Seats that nobody has been given are in the list beside.</Text>
      </section>
    );
  }
  const causes = [
    { label: 'Nobody sits there', means: u.notAssigned, n: un.notAssigned, cost: un.costNotAssigned, color: 'var(--seat-free)', href: undefined, advice: 'Give them out, or buy fewer at the renewal.' },
    { label: 'Never came', means: u.notActivated, n: un.notActivated, cost: un.costNotActivated, color: 'var(--seat-invited)', href: who('INVITED'), advice: 'Remind them, or take the seats back.' },
    { label: 'Idle', means: u.idle, n: un.idle, cost: un.costIdle, color: 'var(--seat-grace)', href: who('INACTIVE'), advice: 'Take the seats back after a notice.' },
  ];
  const whole = Math.max(un.seats, 1);
  return (
    <section className="card" aria-labelledby="unused">
      <Title order={2} mb="xs" id="unused">Paid for and not used</Title>
      <Text size="sm" mb="sm"><Text component="span" fz="1.4rem" fw={650}>{un.cost !== null && un.cost !== undefined ? money(un.cost, un.currency) : `${number(un.seats)} seats`}</Text>{un.cost !== null && un.cost !== undefined && <> a year for {number(un.seats)} {un.seats === 1 ? 'seat' : 'seats'}</>}</Text>
      <div className="seat-bar" role="img" aria-label={causes.map((c) => `${number(c.n)} ${c.label.toLowerCase()}`).join(', ')}>
        {causes.filter((c) => c.n > 0).map((c) => <span key={c.label} style={{ width: `${(100 * c.n) / whole}%`, backgroundColor: c.color }} />)}
      </div>
      <Stack gap="xs" mt="md">
        {causes.map((c) => (
          <Group key={c.label} justify="space-between" wrap="nowrap" align="flex-start">
            <div><span className="swatch" style={{ backgroundColor: c.color }} /><Term means={c.means} dimmed={false}>{c.label}</Term>{c.n > 0 && <Text size="xs" c="dimmed" ml={16}>{c.advice}</Text>}</div>
            <div style={{ textAlign: 'right' }}><Count n={c.n} label={c.label.toLowerCase()} href={c.href} />{c.cost !== null && c.cost !== undefined && <Text size="xs" c="dimmed">{money(c.cost, un.currency)}</Text>}</div>
          </Group>
        ))}
      </Stack>
    </section>
  );
}
