import { Anchor, Button, Group, Menu, SimpleGrid, Stack, Table, Text } from '@mantine/core';
import { useQuery } from 'urql';
import { graphql } from '../gql';
import { definitions } from '../gql/definitions';
import { useCalmBeat } from '../live';
import { AsOfPicker, useAsOf } from '../parts/as-of';
import { nameOfDay } from '../parts/day';
import { Count, Term } from '../parts/figure';
import { money, percent } from '../parts/money';
import { Empty, Head, Waiting } from '../parts/page';
import { Problem } from '../parts/problem';
import { number } from '../parts/seats';
import { go } from '../route';

const ReportsQuery = graphql(`
  query Reports($at: Time) {
    licenseUtilization(at: $at) {
      at people seats
      licenses {
        license { id product sku }
        purchased assigned free waiting
        windows { days active utilizationOfPurchased utilizationOfAssigned unused { seats cost currency } }
        forecast { daysOfData runOut { expected } }
      }
    }
  }
`);

const d = definitions.LicenseUtilization;
const w = definitions.UtilizationWindow;

// Downloads are tables for spreadsheets: the rows of the page, with every figure.
export function Downloads({ of }: { of: { label: string; path: string; asked: Record<string, string | undefined> }[] }) {
  const address = (path: string, asked: Record<string, string | undefined>) => {
    const given = Object.entries(asked).filter((pair): pair is [string, string] => !!pair[1]);
    return `/export/${path}.csv${given.length ? '?' + new URLSearchParams(given).toString() : ''}`;
  };
  return (
    <Menu position="bottom-end">
      <Menu.Target><Button variant="default">Download CSV</Button></Menu.Target>
      <Menu.Dropdown>
        {of.map((o) => <Menu.Item key={o.label} component="a" href={address(o.path, o.asked)} download>{o.label}</Menu.Item>)}
      </Menu.Dropdown>
    </Menu>
  );
}

// Reports compares the licenses; each row leads to the whole report of one.
export default function Reports() {
  const asOf = useAsOf();
  const [{ data, error, fetching }, again] = useQuery({ query: ReportsQuery, variables: { at: asOf.at } });
  useCalmBeat(() => { if (!asOf.day) again({ requestPolicy: 'network-only' }); });
  const found = data?.licenseUtilization;
  const suffix = asOf.day ? `?at=${asOf.day}` : '';
  return (
    <>
      <Head title="Reports" says={`How well the licenses are used${asOf.day ? `, as it was at the end of ${nameOfDay(asOf.day)}` : ', now'}. What a figure means is shown when you point at its name.`}>
        <AsOfPicker of={asOf} />
        <Group align="flex-end" h="100%"><Downloads of={[
          { label: 'Figures of each license', path: 'utilization', asked: { at: asOf.at } },
          { label: 'Day by day', path: 'series', asked: { at: asOf.at, step: 'day' } },
          { label: 'Month by month', path: 'series', asked: { at: asOf.at, step: 'month' } },
        ]} /></Group>
      </Head>
      <Stack gap="lg">
        <Problem error={error} retry={() => again({ requestPolicy: 'network-only' })} />
        {found && found.licenses.length > 0 && (
          <SimpleGrid cols={{ base: 1, xs: 2 }}>
            <div className="card"><Term means={definitions.UtilizationReport.people}>People with a seat</Term><Text fz="1.6rem" fw={650} lh={1.2}>{number(found.people)}</Text></div>
            <div className="card"><Term means={definitions.UtilizationReport.seats}>Seats with a holder</Term><Text fz="1.6rem" fw={650} lh={1.2}>{number(found.seats)}</Text></div>
          </SimpleGrid>
        )}
        <section className="card flush" aria-label="Licenses">
          {!found && fetching && <Waiting rows={4} />}
          {found?.licenses.length === 0 && (asOf.day
            ? <Empty title="There was no license on that day">Choose a later day.</Empty>
            : <Empty title="No licenses yet">A license is a product and a number of seats. As soon as there is one, its figures are here.</Empty>)}
          {found && found.licenses.length > 0 && (
            <Table.ScrollContainer minWidth={920}>
              <Table highlightOnHover>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>License</Table.Th>
                    <Table.Th ta="right"><Term means={w.utilizationOfPurchased}>Used of bought</Term></Table.Th>
                    <Table.Th ta="right"><Term means={w.utilizationOfAssigned}>Used of assigned</Term></Table.Th>
                    <Table.Th ta="right"><Term means={d.purchased}>Purchased</Term></Table.Th>
                    <Table.Th ta="right"><Term means={d.assigned}>Assigned</Term></Table.Th>
                    <Table.Th ta="right"><Term means={w.active}>Active, 30 days</Term></Table.Th>
                    <Table.Th ta="right"><Term means={d.free}>Free</Term></Table.Th>
                    <Table.Th ta="right"><Term means={d.waiting}>Waiting</Term></Table.Th>
                    <Table.Th ta="right"><Term means={w.unused}>Unused a year</Term></Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {found.licenses.map((l) => {
                    const of = l.windows[0];
                    const page = `#/reports/${l.license.id}`;
                    return (
                      <Table.Tr key={l.license.id} className="row-link" onClick={(e) => { if (!(e.target as Element).closest('a')) go(page + suffix); }}>
                        <Table.Td><a href={page + suffix}>{l.license.product}</a><Text size="xs" c="dimmed" className="mono">{l.license.sku}</Text></Table.Td>
                        <Table.Td ta="right"><b>{percent(of?.utilizationOfPurchased)}</b></Table.Td>
                        <Table.Td ta="right">{percent(of?.utilizationOfAssigned)}</Table.Td>
                        <Table.Td ta="right">{number(l.purchased)}</Table.Td>
                        <Table.Td ta="right"><Count n={l.assigned} label="assigned" href={`${page}/ASSIGNED${suffix}`} /></Table.Td>
                        <Table.Td ta="right"><Count n={of?.active} label="active" href={`${page}/ACTIVE${suffix}`} /></Table.Td>
                        <Table.Td ta="right">{number(l.free)}</Table.Td>
                        <Table.Td ta="right"><Count n={l.waiting} label="waiting" href={`${page}/WAITING${suffix}`} /></Table.Td>
                        <Table.Td ta="right">{of?.unused?.cost !== null && of?.unused?.cost !== undefined ? money(of.unused.cost, of.unused.currency) : of?.unused ? `${number(of.unused.seats)} seats` : '–'}</Table.Td>
                      </Table.Tr>
                    );
                  })}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          )}
        </section>
        {found && found.licenses.length > 0 && (
          <Text size="sm" c="dimmed">
            A dash is what nobody knows: no source has told of the use of a license, or one has fallen silent. Thresholds that raise alerts, and how seats are taken back, are set on each <Anchor size="sm" underline="always" href="#/licenses">license</Anchor>.
          </Text>
        )}
      </Stack>
    </>
  );
}
