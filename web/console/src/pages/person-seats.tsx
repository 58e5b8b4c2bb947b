import { Anchor, Button, Group, Menu, Modal, NumberInput, Select, Stack, Text, Title } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import { useMutation, useQuery, type CombinedError } from 'urql';
import { graphql } from '../gql';
import type { PersonQuery } from '../gql/graphql';
import type { Question } from '../parts/confirm';
import { Icon } from '../parts/icon';
import { money } from '../parts/money';
import { Problem } from '../parts/problem';
import { number, reasonOf, StateLabel } from '../parts/seats';
import { When } from '../parts/time';
import { useViewer } from '../viewer';
import { Why } from './person-explain';

const Release = graphql(`mutation ReleaseSeat($license: ID!, $user: ID!) { releaseSeat(input: { licenseId: $license, userId: $user }) { seat { id state } } }`);
const Unassign = graphql(`mutation UnassignSeat($license: ID!, $user: ID!) { unassignSeat(input: { licenseId: $license, userId: $user }) { seat { id state } } }`);
const UndoReclaim = graphql(`mutation UndoReclaim($license: ID!, $user: ID!) { undoReclaim(input: { licenseId: $license, userId: $user }) { seat { id state } } }`);
const Assign = graphql(`mutation AssignSeat($license: ID!, $user: ID!, $priority: Int) { assignSeat(input: { licenseId: $license, userId: $user, priority: $priority }) { seat { id state position } } }`);
const Transfer = graphql(`mutation TransferSeat($license: ID!, $from: ID!, $to: ID!) { transferSeat(input: { licenseId: $license, fromUserId: $from, toUserId: $to }) { seat { id state } } }`);
const LicensesToGive = graphql(`query LicensesToGive { licenses(first: 100) { nodes { id product total free waiting consentNeeded pricePerSeatMinor currency requires { id product } } } }`);
const PeopleToSeat = graphql(`query PeopleToSeat($search: String) { users(first: 20, filter: { search: $search, active: true }) { nodes { id userName displayName } } }`);

type Person = NonNullable<PersonQuery['user']>;
type Seat = Person['seats'][number];

// Seats are what a person holds or waits for, with every reason, and what can be done about it.
export function PersonSeats({ person: u, name, ask, refresh }: { person: Person; name: string; ask: (q: Question) => void; refresh: () => void }) {
  const viewer = useViewer();
  const [giving, setGiving] = useState(false);
  const [moving, setMoving] = useState<Seat>();
  const [asking, setAsking] = useState<{ license?: string }>();
  const current = u.seats.filter((s) => s.state !== 'RELEASED');
  const past = u.seats.filter((s) => s.state === 'RELEASED');
  return (
    <section className="card" aria-labelledby="seats">
      <Group justify="space-between" mb="sm">
        <Title order={2} id="seats">Seats, and why</Title>
        <Group gap="xs">
          <Button size="xs" variant="default" onClick={() => setAsking({})}>Explain</Button>
          {viewer.mayChange && <Button size="xs" variant="default" onClick={() => setGiving(true)}>Assign a license</Button>}
        </Group>
      </Group>
      {u.seats.length === 0 && <Text size="sm" c="dimmed">She has no seat: no SCIM configuration with auto-assign, no rule and no administrator gives her one.</Text>}
      <Stack gap="md">
        {[...current, ...past].map((s) => <OneSeat key={s.id} seat={s} person={u} name={name} ask={ask} refresh={refresh} move={() => setMoving(s)} why={() => setAsking({ license: s.license.id })} />)}
      </Stack>
      <Modal opened={giving} onClose={() => setGiving(false)} title={<Text fw={650}>Assign a license to {name}</Text>}>
        <Giving person={u} done={() => { setGiving(false); refresh(); }} />
      </Modal>
      <Modal opened={!!asking} onClose={() => setAsking(undefined)} size="xl" title={<Text fw={650}>Why {name} has, or has not, a seat</Text>}>
        {asking && <Why person={u.id} license={asking.license} />}
      </Modal>
      <Modal opened={!!moving} onClose={() => setMoving(undefined)} title={<Text fw={650}>Transfer {name}&apos;s seat of {moving?.license.product}</Text>}>
        {moving && <Moving seat={moving} from={u} name={name} done={() => { setMoving(undefined); refresh(); }} />}
      </Modal>
    </section>
  );
}

function OneSeat({ seat: s, person, name, ask, refresh, move, why }: { seat: Seat; person: Person; name: string; ask: (q: Question) => void; refresh: () => void; move: () => void; why: () => void }) {
  const viewer = useViewer();
  const [, release] = useMutation(Release);
  const [, unassign] = useMutation(Unassign);
  const [, undo] = useMutation(UndoReclaim);
  const ids = { license: s.license.id, user: person.id };
  const act = (run: (v: typeof ids) => Promise<{ error?: CombinedError | undefined }>) => async () => { const r = await run(ids); refresh(); return r.error; };
  const byHand = s.claims.some((c) => c.reason === 'hand');
  const taken = s.state !== 'WAITING' && s.state !== 'RELEASED';
  const reclaiming = s.state === 'PAUSED' || (!!s.noticedAt && (s.reclaimReason === 'idle' || s.reclaimReason === 'never_activated'));
  return (
    <Group justify="space-between" wrap="nowrap" align="flex-start">
      <div style={{ minWidth: 0 }}>
        <Group gap="sm"><Anchor href={`#/licenses/${s.license.id}`} fw={550} c="inherit">{s.license.product}</Anchor><StateLabel state={s.state} /><Button size="compact-xs" variant="subtle" onClick={why} aria-label={`Why? ${s.license.product}`}>Why?</Button></Group>
        <Text size="sm" c="dimmed" component="div">
          {s.state === 'WAITING' && s.position ? `Place ${s.position} in line${s.priority ? `, priority ${s.priority}` : ''}, ` : ''}since <When at={s.since} />
          {s.keptUntil && <>, kept until <When at={s.keptUntil} /></>}
          {taken && <>; last used <When at={s.lastUsedAt} /></>}
        </Text>
        {reclaiming && <Text size="sm" c="orange" component="div">{s.state === 'PAUSED' ? 'Closed for want of use' : 'Told that it will be taken back'}{s.noticedAt && <>: notice <When at={s.noticedAt} /></>}</Text>}
        {s.state === 'RELEASED' && <Text size="sm" c="dimmed">ended: {reasonOf(s.reason)}</Text>}
        {s.claims.map((c, n) => (
          <Text size="sm" key={n} component="div">
            {s.state === 'RELEASED' ? 'although' : 'because'} {c.reason === 'configuration' && c.scimConfig ? <>the configuration <Anchor size="sm" underline="always" href={`#/scim/${c.scimConfig.id}`}>{c.scimConfig.name}</Anchor> assigns it</>
              : c.reason === 'rule' && c.rule ? <>the rule <Anchor size="sm" underline="always" href={`#/rules/${c.rule.id}`}>{c.rule.name}</Anchor> gives it</> : c.reason === 'hand' ? 'an administrator gave it' : reasonOf(c.reason)}, <When at={c.since} />
          </Text>
        ))}
      </div>
      {viewer.mayChange && s.state !== 'RELEASED' && (
        <Menu position="bottom-end">
          <Menu.Target><Button size="xs" variant="default" px="xs" aria-label={`What to do with the seat of ${s.license.product}`}><Icon name="more" size={16} /></Button></Menu.Target>
          <Menu.Dropdown>
            {taken && <Menu.Item onClick={move}>Transfer…</Menu.Item>}
            {byHand && <Menu.Item onClick={() => ask({
              title: `End what was given by hand`, yes: 'End it', act: act(unassign),
              consequence: s.claims.length > 1 ? `${name} keeps the seat of ${s.license.product}: ${s.claims.length - 1} other ${s.claims.length === 2 ? 'reason stays' : 'reasons stay'}.` : `It is the only reason for the seat of ${s.license.product}: she loses it at once, and the first in line gets it.`,
            })}>End what was given by hand…</Menu.Item>}
            {reclaiming && <Menu.Item onClick={() => ask({
              title: `Let ${name} keep the seat`, yes: 'Let her keep it', act: act(undo),
              consequence: 'The notice and the pause are undone, and the seat is left alone for as long as the policy of taking back says.',
            })}>Let her keep it…</Menu.Item>}
            <Menu.Item color="red" onClick={() => ask({
              title: `Release ${name}'s seat of ${s.license.product}`, danger: true, yes: 'Release', act: act(release),
              consequence: 'Every reason for the seat ends, those of SCIM configurations too, and the first in line gets it at once. It is no block: the seat comes back when a configuration has her join or come back, or when somebody assigns it.',
            })}>{taken ? 'Release…' : 'Take out of the line…'}</Menu.Item>
          </Menu.Dropdown>
        </Menu>
      )}
    </Group>
  );
}

// Giving assigns a license by hand, and says before what comes of it.
function Giving({ person, done }: { person: Person; done: () => void }) {
  const [{ data, error: unread }] = useQuery({ query: LicensesToGive });
  const [{ error, fetching }, assign] = useMutation(Assign);
  const [license, setLicense] = useState<string | null>(null);
  const [priority, setPriority] = useState<number | string>(0);
  const all = data?.licenses.nodes ?? [];
  const l = all.find((x) => x.id === license);
  const held = l && person.seats.find((s) => s.license.id === l.id && s.state !== 'RELEASED');
  const missing = l?.requires.filter((r) => !person.seats.some((s) => s.license.id === r.id && !['WAITING', 'RELEASED'].includes(s.state))) ?? [];
  let says = '';
  if (l && !person.active) {
    says = 'She is not active: nobody who is not gets a seat.';
  } else if (l && held && held.state !== 'WAITING') {
    says = 'She has this seat already. Given by hand, too, she keeps it when every other reason ends.';
  } else if (l && missing.length > 0) {
    says = `It needs a seat of ${missing.map((r) => r.product).join(' and ')}, which she does not hold: she waits until she does.`;
  } else if (l && l.free > 0) {
    says = `${l.consentNeeded ? 'A seat is kept for her until she agrees' : 'She gets a seat at once'}: ${number(l.free)} of ${number(l.total)} ${l.free === 1 ? 'is' : 'are'} free${l.pricePerSeatMinor && l.currency ? `, at ${money(l.pricePerSeatMinor, l.currency)} a year each` : ''}.`;
  } else if (l) {
    says = `All ${number(l.total)} are taken: she waits in line behind ${number(l.waiting)} ${l.waiting === 1 ? 'person' : 'people'}, before those with a lower priority.`;
  }
  return (
    <form onSubmit={(e) => { e.preventDefault(); if (license) void assign({ license, user: person.id, priority: Number(priority) || 0 }).then((r) => { if (!r.error) done(); }); }}>
      <Stack>
        <Select label="License" required placeholder={all.length ? 'Choose one' : 'There is no license yet'} data={all.map((x) => ({ value: x.id, label: `${x.product} (${number(x.free)} free)` }))} value={license} onChange={setLicense} data-autofocus />
        {l && l.free === 0 && <NumberInput label="Priority in line" description="The greatest comes first" allowDecimal={false} min={-1000} max={1000} value={priority} onChange={setPriority} w={180} />}
        {says && <Text size="sm" role="status">{says}</Text>}
        <Problem error={unread ?? error} />
        <Group justify="flex-end"><Button type="submit" loading={fetching} disabled={!license}>Assign</Button></Group>
      </Stack>
    </form>
  );
}

// Moving hands a seat to somebody else.
function Moving({ seat, from, name, done }: { seat: Seat; from: Person; name: string; done: () => void }) {
  const [search, setSearch] = useState('');
  const [sought] = useDebouncedValue(search, 250);
  const [{ data }] = useQuery({ query: PeopleToSeat, variables: { search: sought || null } });
  const [{ error, fetching }, transfer] = useMutation(Transfer);
  const [to, setTo] = useState<string | null>(null);
  const people = (data?.users.nodes ?? []).filter((p) => p.id !== from.id).map((p) => ({ value: p.id, label: p.displayName ? `${p.displayName} (${p.userName})` : p.userName }));
  const chosen = people.find((p) => p.value === to);
  return (
    <form onSubmit={(e) => { e.preventDefault(); if (to) void transfer({ license: seat.license.id, from: from.id, to }).then((r) => { if (!r.error) done(); }); }}>
      <Stack>
        <Select label="To whom" description="Find her by the beginning of her name" searchable searchValue={search} onSearchChange={setSearch} filter={({ options }) => options} data={people} value={to} onChange={setTo} nothingFoundMessage="Nobody active is called so" data-autofocus />
        <Text size="sm" role="status">{chosen ? <>{name} loses the seat of {seat.license.product} with every reason for it, and <b>{chosen.label}</b> has it at once, past the line.</> : 'The seat goes past the line to whom you choose.'}</Text>
        <Problem error={error} />
        <Group justify="flex-end"><Button type="submit" loading={fetching} disabled={!to}>Transfer</Button></Group>
      </Stack>
    </form>
  );
}
