import { Badge, SimpleGrid, Stack, Table, Text, Title } from '@mantine/core';
import { definitions } from '../gql/definitions';
import type { AlertKind } from '../gql/graphql';
import { nameOfDay } from '../parts/day';
import { Term } from '../parts/figure';
import { money } from '../parts/money';
import { Facts, scrolled } from '../parts/page';
import { number } from '../parts/seats';
import { dateOf, When } from '../parts/time';
import { d, type Alerts, type Figures } from './report';

export const alertWords: Record<AlertKind, (threshold: number, value: number) => string> = {
  TAKEN: (t, v) => `${t} % of the seats are taken (${v} %)`,
  WAITING: (_, v) => `${number(v)} ${v === 1 ? 'person waits' : 'people wait'} for a seat`,
  RUN_OUT: (t, v) => v === 0 ? 'No seat is free' : `No seat will be free in ${v} ${v === 1 ? 'day' : 'days'} (warned under ${t})`,
  UTILIZATION: (t, v) => `Only ${v} % of what was bought is used (warned under ${t} %)`,
};

const units: [number, string, string][] = [[86_400, 'day', 'days'], [3600, 'hour', 'hours'], [60, 'minute', 'minutes'], [1, 'second', 'seconds']];

// lasting says how long something takes, as a person does.
export function lasting(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) {
    return '–';
  }
  if (seconds < 1) {
    return 'at once';
  }
  const [size, one, many] = units.find(([s]) => seconds >= s)!;
  const n = Math.round((seconds / size) * 10) / 10;
  return `${n.toLocaleString('en')} ${n === 1 ? one : many}`;
}

function range({ earliest, latest }: { earliest?: string | null; latest?: string | null }): string {
  if (!earliest) {
    return '';
  }
  return latest ? (latest === earliest ? '' : `Between ${nameOfDay(earliest)} and ${nameOfDay(latest)}. `) : `${nameOfDay(earliest)} at the earliest. `;
}

function took({ p50Seconds: half, p95Seconds: most }: { p50Seconds?: number | null; p95Seconds?: number | null }): string {
  return (most ?? 0) < 1 ? 'at once' : `half ${(half ?? 0) < 1 ? 'at once' : `within ${lasting(half)}`}, 95 % within ${lasting(most)}`;
}

// Outlook says what is to come, what has been in the last 30 days, and which thresholds were crossed.
export function Outlook({ of: l, alerts }: { of: Figures; alerts: Alerts }) {
  const { runOut, trueUp, daysOfData } = l.forecast;
  const few = `needs 14 days of data; there are ${daysOfData}`;
  const open = alerts.filter((a) => !a.overAt);
  return (
    <>
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
        <section className="card" aria-labelledby="outlook">
          <Title order={2} mb="sm" id="outlook">What is to come</Title>
          <Stack gap="md">
            <div>
              <Term means={definitions.SeatForecast.runOut}>Seats run out</Term>
              <Text fw={600}>{!runOut ? `Not known: ${few}` : runOut.expected ? `about ${nameOfDay(runOut.expected)}` : 'not in the next 180 days'}</Text>
              {runOut && <Text size="sm" c="dimmed">{range(runOut)}On a usual day {runOut.takeUp[1]?.toLocaleString('en')} seats are taken net.</Text>}
            </div>
            <div>
              <Term means={definitions.SeatForecast.trueUp}>At the renewal</Term>
              <Text fw={600}>{!trueUp ? (daysOfData < 14 ? `Not known: ${few}` : 'Not known: the license has no end of its term') : trueUp.difference > 0 ? `${number(trueUp.difference)} seats to buy` : trueUp.difference < 0 ? `${number(-trueUp.difference)} seats to give back` : 'just as many as bought'}</Text>
              {trueUp && <Text size="sm" c="dimmed">By {dateOf(trueUp.at)}, {number(trueUp.expectedNeed)} are expected to be needed, between {number(trueUp.lowNeed)} and {number(trueUp.highNeed)}, of {number(l.purchased)} bought.</Text>}
            </div>
            <div>
              <Term means={d.peak}>Peak of the last year</Term>
              <Text fw={600}>{l.peak ? <>{number(l.peak.taken)} at once</> : '–'}</Text>
              {l.peak && <Text size="sm" c="dimmed" component="div">first <When at={l.peak.at} />, of {number(l.purchased)} bought now</Text>}
            </div>
          </Stack>
        </section>
        <section className="card" aria-labelledby="flow">
          <Title order={2} mb="sm" id="flow">In the 30 days before</Title>
          <Facts of={[
            [<Term key="a" means={definitions.SeatFlow.assignments}>Seats given</Term>, number(l.flow.assignments)],
            [<Term key="r" means={definitions.SeatFlow.removals}>Seats freed</Term>, number(l.flow.removals)],
            [<Term key="b" means={definitions.SeatFlow.recovered}>Taken back unused</Term>, `${number(l.flow.recovered)}${l.flow.recoveredWorth ? `, worth ${money(l.flow.recoveredWorth, l.flow.currency)}` : ''}`],
            [<Term key="s" means={definitions.SeatFlow.timeToSeat}>Time to a seat</Term>, l.flow.timeToSeat.cases === 0 ? 'nobody got one' : took(l.flow.timeToSeat)],
            [<Term key="t" means={definitions.SeatFlow.timeToRecover}>Time to recover</Term>, l.flow.timeToRecover.cases === 0 ? 'nobody left' : took(l.flow.timeToRecover)],
          ]} />
        </section>
      </SimpleGrid>
      <section className="card flush" aria-labelledby="alerts">
        <Title order={2} px="md" pt="md" pb="xs" id="alerts">Alerts</Title>
        {alerts.length === 0 ? <Text size="sm" c="dimmed" px="md" pb="md">No threshold was crossed. Which ones there are is set on the license, under Policies.</Text> : (
          <Table.ScrollContainer minWidth={480} scrollAreaProps={scrolled}>
            <Table>
              <Table.Thead><Table.Tr><Table.Th>What</Table.Th><Table.Th>Crossed</Table.Th><Table.Th>Over</Table.Th></Table.Tr></Table.Thead>
              <Table.Tbody>
                {[...open, ...alerts.filter((a) => a.overAt)].map((a) => (
                  <Table.Tr key={a.id}>
                    <Table.Td><Text size="sm" c={a.overAt ? 'dimmed' : undefined}>{alertWords[a.kind](a.threshold, a.value)}</Text></Table.Td>
                    <Table.Td><When at={a.crossedAt} /></Table.Td>
                    <Table.Td>{a.overAt ? <When at={a.overAt} /> : <Badge variant="light" color="orange">lasts</Badge>}</Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
      </section>
    </>
  );
}
