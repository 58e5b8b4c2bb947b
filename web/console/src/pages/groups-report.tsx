import { Group, SegmentedControl, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { useQuery } from 'urql';
import { graphql } from '../gql';
import { definitions } from '../gql/definitions';
import { AsOfPicker, useAsOf } from '../parts/as-of';
import { nameOfDay } from '../parts/day';
import { Count, Term } from '../parts/figure';
import { GroupsOnly } from '../parts/groups-only';
import { percent } from '../parts/money';
import { Empty, Head, Waiting } from '../parts/page';
import { Problem } from '../parts/problem';
import { number, Swatch } from '../parts/seats';
import { settle, useRoute } from '../route';
import { Downloads } from './reports';

const GroupsReportQuery = graphql(`
  query GroupsReport($id: ID!, $at: Time) {
    licenseUtilization(licenses: [$id], at: $at) {
      licenses {
        licenseId product assigned invited activated consentPending paused grace waiting activationRate neverUsed
        windows { days active inactive utilizationOfAssigned }
        reclaimable { idleDays invitedDays seats idle neverActivated left }
      }
    }
  }
`);

const d = definitions.LicenseUtilization;
const w = definitions.UtilizationWindow;

// GroupsReport is what can be told of one license and the people of one's groups. It asks for nothing that is the whole license's.
export default function GroupsReport({ id }: { id: string }) {
  const asOf = useAsOf();
  const { query } = useRoute();
  const days = [30, 60, 90].find((n) => String(n) === query.get('days')) ?? 30;
  const [{ data, error, fetching }, again] = useQuery({ query: GroupsReportQuery, variables: { id, at: asOf.at } });
  const l = data?.licenseUtilization.licenses[0];
  const back = { to: asOf.day ? `#/reports?at=${asOf.day}` : '#/reports', label: 'Reports' };
  const who = (figure: string) => {
    const asked = new URLSearchParams({ ...(asOf.day ? { at: asOf.day } : {}), ...(days !== 30 ? { days: String(days) } : {}) }).toString();
    return `#/reports/${id}/${figure}${asked ? '?' + asked : ''}`;
  };
  const problem = <Problem error={error} retry={() => again({ requestPolicy: 'network-only' })} />;
  if (!l) {
    return (
      <>
        <Head title={fetching ? '…' : 'No report'} back={back}>{asOf.day && <AsOfPicker of={asOf} />}</Head>
        {problem}
        <div className="card flush">{fetching ? <Waiting rows={10} /> : !error && <Empty title={asOf.day ? 'The license was not there on that day' : 'There is no such license'}>{asOf.day && 'Choose a later day.'}</Empty>}</div>
      </>
    );
  }
  const window = l.windows.find((x) => x.days === days) ?? l.windows[0]!;
  const states = [
    ['ACTIVATED', 'Activated', d.activated, l.activated], ['INVITED', 'Invited', d.invited, l.invited], ['CONSENT_PENDING', 'Consent pending', d.consentPending, l.consentPending],
    ['PAUSED', 'Paused', d.paused, l.paused], ['GRACE', 'In grace', d.grace, l.grace], ['WAITING', 'Waiting', d.waiting, l.waiting],
  ] as const;
  const r = l.reclaimable;
  return (
    <>
      <Head back={back} title={l.product} says={asOf.day ? `As it was at the end of ${nameOfDay(asOf.day)}.` : 'Now.'}>
        <AsOfPicker of={asOf} />
        <Group align="flex-end" h="100%"><Downloads of={[
          { label: 'All figures', path: 'utilization', asked: { license: id, at: asOf.at } },
          { label: 'Who holds a seat', path: 'people', asked: { license: id, at: asOf.at, figure: 'assigned' } },
          { label: 'Who could be taken back from', path: 'people', asked: { license: id, at: asOf.at, figure: 'reclaimable' } },
        ]} /></Group>
      </Head>
      <Stack gap="lg">
        <GroupsOnly />
        {problem}
        <Group justify="space-between">
          <Text size="sm" c="dimmed">Use is counted over the last</Text>
          <SegmentedControl size="xs" aria-label="Over how many days use is counted" value={String(days)} onChange={(v) => settle({ days: v === '30' ? undefined : v })} data={[30, 60, 90].map((n) => ({ value: String(n), label: `${n} days` }))} />
        </Group>
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
          <Figures id="use" title="Use" rows={[
            [<Term key="u" means={w.utilizationOfAssigned}>Used of assigned</Term>, <Plain key="v">{percent(window.utilizationOfAssigned)}</Plain>],
            [<Term key="u" means={w.active}>Active</Term>, <Count key="v" n={window.active} label="active" href={who('ACTIVE')} />],
            [<Term key="u" means={w.inactive}>Inactive</Term>, <Count key="v" n={window.inactive} label="inactive" href={who('INACTIVE')} />],
            [<Term key="u" means={d.neverUsed}>Never used</Term>, <Count key="v" n={l.neverUsed} label="never used" href={who('NEVER_USED')} />],
            [<Term key="u" means={d.reclaimable}>Could be taken back</Term>, <Count key="v" n={r.seats} label="could be taken back" href={who('RECLAIMABLE')} />],
            [<Text key="u" component="span" size="sm" c="dimmed">Not used for {r.idleDays} days</Text>, <Count key="v" n={r.idle} label={`not used for ${r.idleDays} days`} />],
            [<Text key="u" component="span" size="sm" c="dimmed">Invited {r.invitedDays} days ago, never came</Text>, <Plain key="v">{number(r.neverActivated)}</Plain>],
            [<Text key="u" component="span" size="sm" c="dimmed">Inactive in the directory</Text>, <Plain key="v">{number(r.left)}</Plain>],
          ]} />
          <Figures id="standing" title="Seats" rows={[
            [<Term key="u" means={d.assigned}>Assigned</Term>, <Count key="v" n={l.assigned} label="assigned" href={who('ASSIGNED')} />],
            ...states.map(([state, label, means, n]): [ReactNode, ReactNode] => [<span key="u"><Swatch state={state} /><Term means={means}>{label}</Term></span>, <Count key="v" n={n} label={label.toLowerCase()} href={who(state)} />]),
            [<Term key="u" means={d.activationRate}>Activation rate</Term>, <Plain key="v">{percent(l.activationRate)}</Plain>],
          ]} />
        </SimpleGrid>
      </Stack>
    </>
  );
}

function Plain({ children }: { children: ReactNode }) {
  return <Text component="span" size="sm" fw={550}>{children}</Text>;
}

function Figures({ id, title, rows }: { id: string; title: string; rows: [ReactNode, ReactNode][] }) {
  return (
    <section className="card" aria-labelledby={id}>
      <Title order={2} mb="sm" id={id}>{title}</Title>
      <dl className="figures">{rows.map(([name, value], n) => <div key={n}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>
    </section>
  );
}
