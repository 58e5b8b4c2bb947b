import { Group, SegmentedControl, Skeleton, Text, Title } from '@mantine/core';
import { lazy, Suspense, useMemo } from 'react';
import { useQuery } from 'urql';
import { graphql } from '../gql';
import type { SeriesStep } from '../gql/graphql';
import type { AsOf } from '../parts/as-of';
import type { Line } from '../parts/chart';
import { nameOfDay } from '../parts/day';
import { percent } from '../parts/money';
import { Empty } from '../parts/page';
import { Problem } from '../parts/problem';
import { number } from '../parts/seats';
import { settle, useRoute } from '../route';

const Chart = lazy(() => import('../parts/chart'));

const HistoryQuery = graphql(`
  query History($id: ID!, $at: Time, $step: SeriesStep!) {
    licenseUtilization(licenses: [$id], at: $at) {
      licenses {
        license { id }
        series(step: $step) {
          from to purchased activated invited consentPending paused grace waiting assignmentRate activationRate assignments removals peak
          windows { days utilizationOfPurchased utilizationOfAssigned }
        }
      }
    }
  }
`);

const steps: SeriesStep[] = ['DAY', 'WEEK', 'MONTH'];
const months = new Intl.DateTimeFormat('en', { month: 'long', year: 'numeric', timeZone: 'UTC' });
const show = { seats: (v: number | null | undefined) => (v === null || v === undefined ? '–' : number(v)), use: (v: number | null | undefined) => percent(v), flow: (v: number | null | undefined) => (v === null || v === undefined ? '–' : number(v)) };

// History draws how a license went over the last year: its seats, its use, and who came and went.
export function History({ id, asOf, days }: { id: string; asOf: AsOf; days: number }) {
  const { query } = useRoute();
  const step = steps.find((s) => s === query.get('step')) ?? 'WEEK';
  const of = (['seats', 'use', 'flow'] as const).find((s) => s === query.get('chart')) ?? 'seats';
  const [{ data, error, fetching }, again] = useQuery({ query: HistoryQuery, variables: { id, at: asOf.at, step } });
  const points = data?.licenseUtilization.licenses[0]?.series;
  const drawn = useMemo(() => {
    const all = points ?? [];
    const window = (days: number) => (p: (typeof all)[number]) => p.windows.find((w) => w.days === days);
    const lines: Record<typeof of, Line[]> = {
      seats: [
        { label: 'Activated', color: '--seat-activated', values: all.map((p) => p.activated), stacked: true },
        { label: 'Invited', color: '--seat-invited', values: all.map((p) => p.invited), stacked: true },
        { label: 'Consent pending', color: '--seat-consent', values: all.map((p) => p.consentPending), stacked: true },
        { label: 'Paused', color: '--seat-paused', values: all.map((p) => p.paused), stacked: true },
        { label: 'In grace', color: '--seat-grace', values: all.map((p) => p.grace), stacked: true },
        { label: 'Waiting', color: '--seat-waiting', values: all.map((p) => p.waiting) },
        { label: 'Purchased', color: '--mantine-color-text', values: all.map((p) => p.purchased), dashed: true, steps: true },
      ].filter((l) => l.label === 'Purchased' || l.values.some((v) => v > 0)),
      use: [
        { label: 'Used of bought', color: '--seat-activated', values: all.map((p) => window(days)(p)?.utilizationOfPurchased ?? null) },
        { label: 'Used of assigned', color: '--seat-invited', values: all.map((p) => window(days)(p)?.utilizationOfAssigned ?? null) },
        { label: 'Assigned of bought', color: '--seat-grace', values: all.map((p) => p.assignmentRate ?? null), dashed: true },
      ],
      flow: [
        { label: 'Seats given', color: '--seat-activated', values: all.map((p) => p.assignments) },
        { label: 'Seats freed', color: '--seat-waiting', values: all.map((p) => p.removals) },
      ],
    };
    return {
      lines: lines[of],
      days: all.map((p) => p.to),
      names: all.map((p) => (step === 'DAY' ? nameOfDay(p.to) : step === 'MONTH' ? months.format(new Date(p.to + 'T00:00:00Z')) : `Week to ${nameOfDay(p.to)}`)),
    };
  }, [points, of, days, step]);
  const label = of === 'seats' ? 'Seats over time' : of === 'use' ? `Utilization over time, over ${days} days of use` : 'Seats given and freed over time';
  return (
    <section className="card" aria-labelledby="history">
      <Group justify="space-between" mb="sm">
        <Title order={2} id="history">Over time</Title>
        <Group gap="xs">
          <SegmentedControl size="xs" aria-label="What is drawn" value={of} onChange={(v) => settle({ chart: v === 'seats' ? undefined : v })} data={[{ value: 'seats', label: 'Seats' }, { value: 'use', label: 'Utilization' }, { value: 'flow', label: 'Given and freed' }]} />
          <SegmentedControl size="xs" aria-label="Length of a step" value={step} onChange={(v) => settle({ step: v === 'WEEK' ? undefined : v })} data={[{ value: 'DAY', label: 'Day' }, { value: 'WEEK', label: 'Week' }, { value: 'MONTH', label: 'Month' }]} />
        </Group>
      </Group>
      <Problem error={error} retry={() => again({ requestPolicy: 'network-only' })} />
      {!points && fetching && <Skeleton height={290} />}
      {points && points.length === 0 && <Empty title="Nothing to draw yet">The first day of a license is over at midnight; it is drawn from then on.</Empty>}
      {points && points.length > 0 && (
        <>
          <Suspense fallback={<Skeleton height={290} />}>
            <Chart label={label} days={drawn.days} names={drawn.names} lines={drawn.lines} show={show[of]} {...(of === 'use' ? { most: 1 } : {})} />
          </Suspense>
          {of === 'use' && drawn.lines.slice(0, 2).every((l) => l.values.every((v) => v === null)) && <Text size="sm" c="dimmed" mt="xs">Use was not known on any of these days.</Text>}
        </>
      )}
    </section>
  );
}
