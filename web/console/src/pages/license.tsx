import { Alert, Anchor, Button, Group, Modal, NumberInput, SimpleGrid, Stack, Tabs, Text } from '@mantine/core';
import { useState } from 'react';
import { useMutation, useQuery, type CombinedError } from 'urql';
import { graphql } from '../gql';
import type { LicenseQuery as Found } from '../gql/graphql';
import { useBeat } from '../live';
import { money } from '../parts/money';
import { Empty, Facts, Head, Waiting } from '../parts/page';
import { Problem } from '../parts/problem';
import { number, SeatBar } from '../parts/seats';
import { dateOf } from '../parts/time';
import { settle, useRoute } from '../route';
import { useViewer } from '../viewer';
import { Policies } from './license-policies';
import { Rules } from './license-rules';
import { Seats } from './license-seats';

const LicenseQuery = graphql(`
  query License($id: ID!) {
    license(id: $id) {
      id product sku edition total taken free waiting overAssigned allowed graceDays termStart termEnd pricePerSeatMinor currency version
      overAssignment { kind percent }
      reclaimPolicy { automatic idleDays invitedDays noticeDays pauseDays exempt }
      alerts { takenPercent waiting runOutDays utilizationUnder }
      activated: seats(state: ACTIVATED) { totalCount }
      invited: seats(state: INVITED) { totalCount }
      consent: seats(state: CONSENT_PENDING) { totalCount }
      paused: seats(state: PAUSED) { totalCount }
      grace: seats(state: GRACE) { totalCount }
    }
  }
`);
export type License = NonNullable<Found['license']>;

const Resize = graphql(`
  mutation ResizeLicense($id: ID!, $seats: Int64!, $version: Int64) {
    resizeLicense(input: { id: $id, seats: $seats, expectedVersion: $version }) { license { id total } }
  }
`);

export default function LicensePage({ id }: { id: string }) {
  const viewer = useViewer();
  const [{ data, error, fetching }, again] = useQuery({ query: LicenseQuery, variables: { id } });
  const refresh = () => again({ requestPolicy: 'network-only' });
  useBeat(refresh);
  const [resizing, setResizing] = useState(false);
  const { query } = useRoute();
  const looks = viewer.role !== 'REPORTING';
  const tab = ['rules', 'policies'].find((t) => t === query.get('tab')) ?? 'seats';
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
      <Head title={l.product} back={back} says={<><span className="mono">{l.sku}</span> · <Anchor size="sm" underline="always" href={`#/reports/${id}`}>Report</Anchor></>}>
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
        <Tabs value={tab} onChange={(v) => settle({ tab: v === 'seats' ? undefined : v ?? undefined, after: undefined, before: undefined })} keepMounted={false}>
          <Tabs.List mb="md">
            <Tabs.Tab value="seats">Seats</Tabs.Tab>
            {looks && <Tabs.Tab value="rules">Rules</Tabs.Tab>}
            <Tabs.Tab value="policies">Policies</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="seats"><Seats license={l.id} /></Tabs.Panel>
          {looks && <Tabs.Panel value="rules"><Rules license={l.id} product={l.product} /></Tabs.Panel>}
          <Tabs.Panel value="policies"><Policies license={l} changed={refresh} /></Tabs.Panel>
        </Tabs>
      </Stack>
      <Modal opened={resizing} onClose={() => setResizing(false)} title={<Text fw={650}>Change the number of seats</Text>}>
        <Resizing license={l} done={() => { setResizing(false); refresh(); }} />
      </Modal>
    </>
  );
}

// Resizing says what a number of seats does before it does it.
function Resizing({ license: l, done }: { license: { id: string; product: string; total: number; taken: number; waiting: number; version: number; pricePerSeatMinor?: number | null; currency?: string | null }; done: () => void }) {
  const [seats, setSeats] = useState<number | string>(l.total);
  const [, resize] = useMutation(Resize);
  const [error, setError] = useState<CombinedError>();
  const [busy, setBusy] = useState(false);
  const wanted = typeof seats === 'number' ? seats : Number.NaN;
  const ready = Number.isInteger(wanted) && wanted >= 0 && wanted !== l.total;
  let says = 'Type the new number of seats.';
  const price = l.pricePerSeatMinor && l.currency && ready ? ` That is ${money(Math.abs(wanted - l.total) * l.pricePerSeatMinor, l.currency)} a year ${wanted > l.total ? 'more' : 'less'}, at today's price.` : '';
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
        <Text size="sm" role="status">{says}{price}</Text>
        <Problem error={error} />
        <Group justify="flex-end">
          <Button type="submit" loading={busy} disabled={!ready}>{ready && wanted < l.total ? 'Shrink' : 'Enlarge'}{ready ? ` to ${number(wanted)}` : ''}</Button>
        </Group>
      </Stack>
    </form>
  );
}
