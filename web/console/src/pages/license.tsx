import { Alert, Anchor, Button, Group, Modal, NumberInput, SegmentedControl, SimpleGrid, Stack, Table, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { useMutation, useQuery, type CombinedError } from 'urql';
import { graphql } from '../gql';
import type { SeatState } from '../gql/graphql';
import { useBeat } from '../live';
import { Empty, Facts, Head, Pager, Waiting } from '../parts/page';
import { Problem } from '../parts/problem';
import { number, reasonOf, SeatBar, StateLabel, states } from '../parts/seats';
import { dateOf, When } from '../parts/time';
import { settle, useRoute } from '../route';
import { useViewer } from '../viewer';
import { money } from '../parts/money';

const LicenseQuery = graphql(`
  query License($id: ID!) {
    license(id: $id) {
      id product sku edition total taken free waiting overAssigned allowed graceDays termStart termEnd pricePerSeatMinor currency version
      activated: seats(state: ACTIVATED) { totalCount }
      invited: seats(state: INVITED) { totalCount }
      consent: seats(state: CONSENT_PENDING) { totalCount }
      paused: seats(state: PAUSED) { totalCount }
      grace: seats(state: GRACE) { totalCount }
    }
  }
`);
const SeatsQuery = graphql(`
  query Seats($id: ID!, $state: SeatState, $first: Int, $after: String, $last: Int, $before: String) {
    license(id: $id) {
      id
      seats(state: $state, first: $first, after: $after, last: $last, before: $before) {
        totalCount
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        nodes { id state position since activatedAt reason user { id userName displayName } }
      }
    }
  }
`);
const AnonymousSeats = graphql(`
  query AnonymousSeats($id: ID!, $state: SeatState, $first: Int, $after: String, $last: Int, $before: String) {
    license(id: $id) {
      id
      seats(state: $state, first: $first, after: $after, last: $last, before: $before) {
        totalCount
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        nodes { id state position since activatedAt reason }
      }
    }
  }
`);
const Resize = graphql(`
  mutation ResizeLicense($id: ID!, $seats: Int64!, $version: Int64) {
    resizeLicense(input: { id: $id, seats: $seats, expectedVersion: $version }) { license { id total } }
  }
`);

const size = 50;
const shownStates: SeatState[] = ['ACTIVATED', 'INVITED', 'CONSENT_PENDING', 'PAUSED', 'GRACE', 'WAITING', 'RELEASED'];

export default function License({ id }: { id: string }) {
  const viewer = useViewer();
  const [{ data, error, fetching }, again] = useQuery({ query: LicenseQuery, variables: { id } });
  const refresh = () => again({ requestPolicy: 'network-only' });
  useBeat(refresh);
  const [resizing, setResizing] = useState(false);
  const l = data?.license;
  const back = { to: '#/licenses', label: 'Licenses' };
  if (!l) {
    return (
      <>
        <Head title={fetching ? '…' : 'No license'} back={back} />
        <Problem error={error} retry={refresh} />
        <div className="card flush">{fetching ? <Waiting /> : !error && <Empty title="There is no such license" />}</div>
      </>
    );
  }
  const worth = l.pricePerSeatMinor && l.currency ? money(l.pricePerSeatMinor * l.total, l.currency) : undefined;
  return (
    <>
      <Head title={l.product} back={back} says={<span className="mono">{l.sku}</span>}>
        {viewer.mayChange && <Button variant="default" onClick={() => setResizing(true)}>Change the number of seats</Button>}
      </Head>
      <Stack gap="lg">
        <Problem error={error} retry={refresh} />
        {l.overAssigned > 0 && <Alert color="red" title={`${number(l.overAssigned)} more in use than bought`}>Nobody is thrown out. As people leave, their seats are not given again until the license fits.</Alert>}
        <div className="card">
          <Group justify="space-between" mb={10}><Text fw={600}>{number(l.taken)} of {number(l.total)} seats taken</Text></Group>
          <SeatBar license={l} />
          <SimpleGrid cols={{ base: 1, sm: 2 }} mt="lg">
            <Facts of={[['Seats bought', number(l.total)], ['May be taken', l.allowed === null || l.allowed === undefined ? 'without a limit' : number(l.allowed)], ['Grace for leavers', l.graceDays ? `${l.graceDays} days` : 'none: a seat is free at once']]} />
            <Facts of={[['Term', l.termEnd ? `${l.termStart ? dateOf(l.termStart) + ' to ' : 'until '}${dateOf(l.termEnd)}` : 'without an end'], ['Price', l.pricePerSeatMinor && l.currency ? `${money(l.pricePerSeatMinor, l.currency)} a seat and year` : '—'], ['Worth', worth ? `${worth} a year` : '—']]} />
          </SimpleGrid>
        </div>
        <Seats license={l.id} />
      </Stack>
      <Modal opened={resizing} onClose={() => setResizing(false)} title={<Text fw={650}>Change the number of seats</Text>}>
        <Resizing license={l} done={() => { setResizing(false); refresh(); }} />
      </Modal>
    </>
  );
}

function Seats({ license }: { license: string }) {
  const viewer = useViewer();
  const { query } = useRoute();
  const given = query.get('state') as SeatState | null;
  const state = given && shownStates.includes(given) ? given : null;
  const after = query.get('after') ?? undefined;
  const before = query.get('before') ?? undefined;
  const variables = { id: license, state, ...(before ? { last: size, before } : { first: size, after }) };
  const looks = viewer.role !== 'REPORTING';
  const [named, namedAgain] = useQuery({ query: SeatsQuery, variables, pause: !looks });
  const [bare, bareAgain] = useQuery({ query: AnonymousSeats, variables, pause: looks });
  const again = looks ? namedAgain : bareAgain;
  const { error, fetching } = looks ? named : bare;
  useBeat(() => again({ requestPolicy: 'network-only' }));
  const found = looks ? named.data?.license?.seats : bare.data?.license?.seats;
  return (
    <section aria-labelledby="seats">
      <Group justify="space-between" mb="xs">
        <Title order={2} id="seats">{state === 'WAITING' ? 'Waiting list' : 'Seats'}</Title>
        <SegmentedControl size="xs" aria-label="State of the seats" value={state ?? 'ALL'} onChange={(v) => settle({ state: v === 'ALL' ? undefined : v, after: undefined, before: undefined })}
          data={[{ value: 'ALL', label: 'All' }, ...shownStates.map((s) => ({ value: s, label: states[s].label }))]} style={{ maxWidth: '100%', overflowX: 'auto' }} />
      </Group>
      <Problem error={error} retry={() => again({ requestPolicy: 'network-only' })} />
      <div className="card flush">
        {!found && fetching && <Waiting rows={8} />}
        {found?.nodes.length === 0 && <Empty title={state === 'WAITING' ? 'Nobody waits' : state ? `No seat is ${states[state].label.toLowerCase()}` : 'Nobody sits here yet'}>{!state && 'Seats are given by a SCIM configuration with auto-assign, by rules, or by hand on a person\'s page.'}</Empty>}
        {found && found.nodes.length > 0 && (
          <>
            <Table.ScrollContainer minWidth={560}>
              <Table>
                <Table.Thead><Table.Tr>{state === 'WAITING' && <Table.Th>Place</Table.Th>}<Table.Th>Person</Table.Th><Table.Th>State</Table.Th><Table.Th>Why</Table.Th><Table.Th>Since</Table.Th></Table.Tr></Table.Thead>
                <Table.Tbody>
                  {found.nodes.map((s) => (
                    <Table.Tr key={s.id}>
                      {state === 'WAITING' && <Table.Td>{s.position}</Table.Td>}
                      <Table.Td>{'user' in s && s.user ? <Anchor size="sm" fw={550} href={`#/people/${(s.user as { id: string }).id}`}>{(s.user as { displayName: string }).displayName || (s.user as { userName: string }).userName}</Anchor> : <Text size="sm" c="dimmed">{looks ? 'deleted' : 'not shown to reporting'}</Text>}</Table.Td>
                      <Table.Td><StateLabel state={s.state} /></Table.Td>
                      <Table.Td><Text size="sm" c="dimmed">{reasonOf(s.reason)}</Text></Table.Td>
                      <Table.Td><When at={s.since} /></Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
            <Pager info={found.pageInfo} total={found.totalCount} shown={found.nodes.length} noun={['seat', 'seats']} turn={(to) => settle({ after: to.after, before: to.before })} />
          </>
        )}
      </div>
    </section>
  );
}

// Resizing says what a number of seats does before it does it.
function Resizing({ license: l, done }: { license: { id: string; product: string; total: number; taken: number; waiting: number; version: number }; done: () => void }) {
  const [seats, setSeats] = useState<number | string>(l.total);
  const [, resize] = useMutation(Resize);
  const [error, setError] = useState<CombinedError>();
  const [busy, setBusy] = useState(false);
  const wanted = typeof seats === 'number' ? seats : Number.NaN;
  const ready = Number.isInteger(wanted) && wanted >= 0 && wanted !== l.total;
  let says = 'Type the new number of seats.';
  if (ready && wanted > l.total) {
    const come = Math.min(l.waiting, Math.max(wanted - l.taken, 0));
    says = come > 0 ? `${number(wanted - l.total)} more. The first ${number(come)} in line get a seat at once.` : `${number(wanted - l.total)} more. Nobody waits: they stay free.`;
  } else if (ready && wanted < l.taken) {
    says = `${number(l.total - wanted)} fewer. ${number(l.taken - wanted)} more are then in use than bought. Nobody is thrown out; seats that come free are not given again until it fits.`;
  } else if (ready) {
    says = `${number(l.total - wanted)} fewer. Nobody loses a seat: ${number(wanted - l.taken)} stay free.`;
  }
  const act = async () => {
    setBusy(true);
    const r = await resize({ id: l.id, seats: wanted, version: l.version });
    setBusy(false);
    if (r.error) {
      setError(r.error);
      return;
    }
    done();
  };
  return (
    <form onSubmit={(e) => { e.preventDefault(); if (ready) void act(); }}>
      <Stack>
        <NumberInput label={`Seats of ${l.product}`} description={`Now ${number(l.total)}, of which ${number(l.taken)} are taken`} value={seats} onChange={setSeats} min={0} max={10_000_000} allowDecimal={false} thousandSeparator="," data-autofocus />
        <Text size="sm" role="status">{says}</Text>
        <Problem error={error} />
        <Group justify="flex-end">
          <Button type="submit" loading={busy} disabled={!ready}>{ready && wanted < l.total ? 'Shrink' : 'Enlarge'}{ready ? ` to ${number(wanted)}` : ''}</Button>
        </Group>
      </Stack>
    </form>
  );
}
