import { Anchor, Group, Stack, Text } from '@mantine/core';
import { useQuery } from 'urql';
import { graphql } from '../gql';
import { useBeat } from '../live';
import { Empty, Head, Waiting } from '../parts/page';
import { money } from '../parts/money';
import { Problem } from '../parts/problem';
import { number, SeatBar } from '../parts/seats';
import { dateOf } from '../parts/time';

const LicensesQuery = graphql(`
  query Licenses {
    licenses(first: 100) {
      totalCount
      nodes {
        id product sku edition total taken free waiting overAssigned termStart termEnd pricePerSeatMinor currency
        activated: seats(state: ACTIVATED) { totalCount }
        invited: seats(state: INVITED) { totalCount }
        consent: seats(state: CONSENT_PENDING) { totalCount }
        paused: seats(state: PAUSED) { totalCount }
        grace: seats(state: GRACE) { totalCount }
      }
    }
  }
`);


export default function Licenses() {
  const [{ data, error, fetching }, again] = useQuery({ query: LicensesQuery });
  useBeat(() => again({ requestPolicy: 'network-only' }));
  return (
    <>
      <Head title="Licenses" says="What your company bought, and who sits there. A full license turns nobody away: who comes next waits in line and gets the first seat that is free." />
      <Problem error={error} retry={() => again({ requestPolicy: 'network-only' })} />
      {!data && fetching && <div className="card flush"><Waiting rows={6} /></div>}
      {data?.licenses.nodes.length === 0 && <div className="card flush"><Empty title="No licenses yet">A license is a product and a number of seats. Your vendor or the operator adds it, as with <span className="mono">usher license create</span>.</Empty></div>}
      <Stack gap="sm">
        {data?.licenses.nodes.map((l) => (
          <div className="card" key={l.id}>
            <Group justify="space-between" mb={10}>
              <div>
                <Anchor href={`#/licenses/${l.id}`} fw={600} c="inherit">{l.product}</Anchor>
                <Text size="xs" c="dimmed">
                  <span className="mono">{l.sku}</span>{l.edition && ` · ${l.edition}`}{l.termEnd && ` · until ${dateOf(l.termEnd)}`}{l.pricePerSeatMinor && l.currency ? ` · ${money(l.pricePerSeatMinor, l.currency)} a seat and year` : ''}
                </Text>
              </div>
              <Text size="sm" c="dimmed">{number(l.taken)} of {number(l.total)} taken{l.overAssigned > 0 && <Text component="span" size="sm" c="red" fw={600}> · {number(l.overAssigned)} more than bought</Text>}</Text>
            </Group>
            <SeatBar license={l} />
          </div>
        ))}
      </Stack>
    </>
  );
}
