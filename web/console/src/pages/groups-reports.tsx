import { Group, SimpleGrid, Stack, Table, Text } from '@mantine/core';
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
import { number } from '../parts/seats';
import { go } from '../route';
import { Downloads } from './reports';

const GroupsReportsQuery = graphql(`
  query GroupsReports($at: Time) {
    licenseUtilization(at: $at) {
      people seats
      licenses {
        licenseId product sku assigned waiting
        windows { days active utilizationOfAssigned }
        reclaimable { seats }
      }
    }
  }
`);

const d = definitions.LicenseUtilization;
const w = definitions.UtilizationWindow;

// GroupsReports compares the licenses by what the people of one's groups have of them. It asks for nothing that is the whole license's.
export default function GroupsReports() {
  const asOf = useAsOf();
  const [{ data, error, fetching }, again] = useQuery({ query: GroupsReportsQuery, variables: { at: asOf.at } });
  const found = data?.licenseUtilization;
  const suffix = asOf.day ? `?at=${asOf.day}` : '';
  return (
    <>
      <Head title="Reports" says={`How the people of your groups use the licenses${asOf.day ? `, as it was at the end of ${nameOfDay(asOf.day)}` : ', now'}. What a figure means is shown when you point at its name.`}>
        <AsOfPicker of={asOf} />
        <Group align="flex-end" h="100%"><Downloads of={[{ label: 'Figures of each license', path: 'utilization', asked: { at: asOf.at } }]} /></Group>
      </Head>
      <Stack gap="lg">
        <GroupsOnly />
        <Problem error={error} retry={() => again({ requestPolicy: 'network-only' })} />
        {found && found.licenses.length > 0 && (
          <SimpleGrid cols={{ base: 1, xs: 2 }}>
            <div className="card"><Term means={definitions.UtilizationReport.people}>People with a seat</Term><Text fz="1.6rem" fw={650} lh={1.2}>{number(found.people)}</Text></div>
            <div className="card"><Term means={definitions.UtilizationReport.seats}>Seats with a holder</Term><Text fz="1.6rem" fw={650} lh={1.2}>{number(found.seats)}</Text></div>
          </SimpleGrid>
        )}
        <section className="card flush" aria-label="Licenses">
          {!found && fetching && <Waiting rows={4} />}
          {found?.licenses.length === 0 && <Empty title={asOf.day ? 'There was no license on that day' : 'No licenses yet'}>{asOf.day ? 'Choose a later day.' : 'As soon as there is one, what your people have of it is here.'}</Empty>}
          {found && found.licenses.length > 0 && (
            <Table.ScrollContainer minWidth={680}>
              <Table highlightOnHover>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>License</Table.Th>
                    <Table.Th ta="right"><Term means={w.utilizationOfAssigned}>Used of assigned</Term></Table.Th>
                    <Table.Th ta="right"><Term means={d.assigned}>Assigned</Term></Table.Th>
                    <Table.Th ta="right"><Term means={w.active}>Active, 30 days</Term></Table.Th>
                    <Table.Th ta="right"><Term means={d.waiting}>Waiting</Term></Table.Th>
                    <Table.Th ta="right"><Term means={d.reclaimable}>Could be taken back</Term></Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {found.licenses.map((l) => {
                    const of = l.windows[0];
                    const page = `#/reports/${l.licenseId}`;
                    return (
                      <Table.Tr key={l.licenseId} className="row-link" onClick={(e) => { if (!(e.target as Element).closest('a')) go(page + suffix); }}>
                        <Table.Td><a href={page + suffix}>{l.product}</a><Text size="xs" c="dimmed" className="mono">{l.sku}</Text></Table.Td>
                        <Table.Td ta="right"><b>{percent(of?.utilizationOfAssigned)}</b></Table.Td>
                        <Table.Td ta="right"><Count n={l.assigned} label="assigned" href={`${page}/ASSIGNED${suffix}`} /></Table.Td>
                        <Table.Td ta="right"><Count n={of?.active} label="active" href={`${page}/ACTIVE${suffix}`} /></Table.Td>
                        <Table.Td ta="right"><Count n={l.waiting} label="waiting" href={`${page}/WAITING${suffix}`} /></Table.Td>
                        <Table.Td ta="right"><Count n={l.reclaimable.seats} label="could be taken back" href={`${page}/RECLAIMABLE${suffix}`} /></Table.Td>
                      </Table.Tr>
                    );
                  })}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          )}
        </section>
        {found && found.licenses.length > 0 && <Text size="sm" c="dimmed">A dash is what nobody knows: no source has told of the use of a license, or one has fallen silent.</Text>}
      </Stack>
    </>
  );
}
