import { Anchor, Button, Group, MultiSelect, NumberInput, Select, SimpleGrid, Stack, Switch, TagsInput, Text, Title } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useMemo, useState, type ReactNode } from 'react';
import { useMutation, useQuery, type CombinedError } from 'urql';
import { graphql } from '../gql';
import type { OverAssignmentKind, ReclaimPolicyInput, UpdateLicenseInput } from '../gql/graphql';
import { money } from '../parts/money';
import { Facts } from '../parts/page';
import { Problem } from '../parts/problem';
import { number } from '../parts/seats';
import { useViewer } from '../viewer';
import type { License } from './license';
import { whyReclaimed } from './report-people';

const Update = graphql(`mutation UpdateLicense($input: UpdateLicenseInput!) { updateLicense(input: $input) { license { id version } } }`);
const Simulation = graphql(`
  query Simulation($id: ID!, $policy: ReclaimPolicyInput) {
    reclaimSimulation(licenseId: $id, policy: $policy) { known seats exempt worthMinor currency candidates { seatId userId reason exemptGroupId } }
  }
`);
const ExemptChoices = graphql(`query ExemptChoices($search: String) { groups(first: 50, filter: { search: $search }) { nodes { id displayName } } }`);
const PersonName = graphql(`query PersonName($id: ID!) { user(id: $id) { id userName displayName } }`);
const GroupName = graphql(`query GroupName($id: ID!) { group(id: $id) { id displayName } }`);

// Policies say how far a license may be over-assigned, how long a leaver's seat is kept, when unused seats are taken back, and
// what is worth an alert.
export function Policies({ license, changed }: { license: License; changed: () => void }) {
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
      <Reclaiming license={license} changed={changed} />
      <Stack gap="lg">
        <Giving license={license} changed={changed} />
        <Thresholds license={license} changed={changed} />
      </Stack>
    </SimpleGrid>
  );
}

// useSave writes one policy, as of the version that was shown.
function useSave(license: License, changed: () => void) {
  const [, update] = useMutation(Update);
  const [error, setError] = useState<CombinedError>();
  const [busy, setBusy] = useState(false);
  const save = async (input: Omit<UpdateLicenseInput, 'id'>) => {
    setBusy(true);
    const r = await update({ input: { id: license.id, expectedVersion: license.version, ...input } });
    setBusy(false);
    setError(r.error);
    changed();
    return !r.error;
  };
  return { save, error, busy };
}

// Policy shows what holds, and lets who may change it.
function Policy({ id, title, says, facts, edit }: { id: string; title: string; says: string; facts: [string, ReactNode][]; edit: (done: () => void) => ReactNode }) {
  const { mayChange } = useViewer();
  const [editing, setEditing] = useState(false);
  return (
    <section className="card" aria-labelledby={id}>
      <Group justify="space-between" mb={4} wrap="nowrap" align="flex-start">
        <Title order={2} id={id}>{title}</Title>
        {mayChange && !editing && <Button size="xs" variant="default" onClick={() => setEditing(true)} aria-label={`Change ${title.toLowerCase()}`}>Change</Button>}
      </Group>
      <Text size="sm" c="dimmed" mb="md">{says}</Text>
      {editing ? edit(() => setEditing(false)) : <Facts of={facts} />}
    </section>
  );
}

function Foot({ busy, cancel, disabled }: { busy: boolean; cancel: () => void; disabled?: boolean }) {
  return (
    <Group justify="flex-end">
      <Button variant="default" onClick={cancel}>Cancel</Button>
      <Button type="submit" loading={busy} disabled={disabled}>Save</Button>
    </Group>
  );
}

const kinds: Record<OverAssignmentKind, string> = { NONE: 'Never more than were bought', PERCENT: 'Some percent more', UNLIMITED: 'Without a limit' };

function Giving({ license: l, changed }: { license: License; changed: () => void }) {
  const over = l.overAssignment;
  return (
    <Policy id="giving" title="Giving seats" says="What happens when all seats are taken, and when somebody leaves."
      facts={[
        ['Over-assignment', over.kind === 'PERCENT' ? `up to ${over.percent} % more than were bought` : kinds[over.kind].toLowerCase()],
        ['Grace for leavers', l.graceDays ? `the seat is kept for ${l.graceDays} ${l.graceDays === 1 ? 'day' : 'days'}` : 'none: the seat is free at once'],
      ]}
      edit={(done) => <GivingForm license={l} changed={changed} done={done} />} />
  );
}

function GivingForm({ license: l, changed, done }: { license: License; changed: () => void; done: () => void }) {
  const { save, error, busy } = useSave(l, changed);
  const [kind, setKind] = useState(l.overAssignment.kind);
  const [percent, setPercent] = useState<number | string>(l.overAssignment.percent || 10);
  const [grace, setGrace] = useState<number | string>(l.graceDays);
  const allowed = kind === 'NONE' ? l.total : kind === 'UNLIMITED' ? Infinity : l.total + Math.floor((l.total * Number(percent)) / 100);
  const come = Math.min(l.waiting, Math.max(allowed - l.taken, 0));
  let says = kind === 'UNLIMITED' ? 'Everybody gets a seat at once; what is over shows in red until you buy more.' : kind === 'PERCENT' ? `Up to ${number(allowed)} seats are given, of ${number(l.total)} bought; what is over shows in red.` : 'Who comes to a full license waits in line.';
  if (come > 0) {
    says += ` ${number(come)} of the ${number(l.waiting)} who wait get a seat at once.`;
  } else if (l.taken > allowed) {
    says += ` ${number(l.taken - allowed)} more are in use: nobody is thrown out, and seats that come free are not given again until it fits.`;
  }
  return (
    <form onSubmit={(e) => { e.preventDefault(); void save({ overAssignment: { kind, percent: kind === 'PERCENT' ? Number(percent) : null }, graceDays: Number(grace) }).then((ok) => { if (ok) done(); }); }}>
      <Stack>
        <Group align="flex-end">
          <Select label="Over-assignment" allowDeselect={false} flex={1} miw={200} data={Object.entries(kinds).map(([value, label]) => ({ value, label }))} value={kind} onChange={(v) => setKind(v as OverAssignmentKind)} />
          {kind === 'PERCENT' && <NumberInput label="Percent" w={100} min={1} max={1000} allowDecimal={false} value={percent} onChange={setPercent} />}
        </Group>
        <NumberInput label="Days of grace for leavers" description="For so long the same person gets the same seat back" min={0} max={365} allowDecimal={false} value={grace} onChange={setGrace} w={240} />
        <Text size="sm" role="status">{says}</Text>
        <Problem error={error} />
        <Foot busy={busy} cancel={done} />
      </Stack>
    </form>
  );
}

function Reclaiming({ license: l, changed }: { license: License; changed: () => void }) {
  const p = l.reclaimPolicy;
  const on = p.idleDays > 0 || p.invitedDays > 0;
  const { role } = useViewer();
  return (
    <Policy id="reclaiming" title="Taking back unused seats" says="In steps: a notice, a pause in which the seat is closed, then it goes to the next in line. Each step can be undone, and use ends them all."
      facts={[
        ['Not used for', p.idleDays ? `${p.idleDays} days` : 'never taken back for that'], ['Invited for', p.invitedDays ? `${p.invitedDays} days without coming` : 'never taken back for that'],
        ...(on ? [['Notice', p.noticeDays ? `${p.noticeDays} days before the pause` : 'at once the pause'], ['Pause', p.pauseDays ? `${p.pauseDays} days before it is taken back` : 'none: it is taken back at once'], ['Begins', p.automatic ? 'by itself' : 'when an administrator gives the notice']] as [string, ReactNode][] : []),
        ['Exempt', p.exempt.length === 0 ? 'nobody' : <>direct members of {p.exempt.map((g, n) => <span key={g}>{n > 0 && ', '}<Named group={g} /></span>)}</>],
        ...(role !== 'REPORTING' && on ? [['Today', <Simulated key="s" license={l} policy={null} />]] as [string, ReactNode][] : []),
      ]}
      edit={(done) => <ReclaimForm license={l} changed={changed} done={done} />} />
  );
}

function Named({ group }: { group: string }) {
  const { role } = useViewer();
  const [{ data }] = useQuery({ query: GroupName, variables: { id: group }, pause: role === 'REPORTING' });
  return data?.group ? <Anchor size="sm" underline="always" href={`#/groups/${group}`}>{data.group.displayName}</Anchor> : <>a group</>;
}

function Who({ id }: { id: string }) {
  const [{ data }] = useQuery({ query: PersonName, variables: { id } });
  return <Anchor size="sm" underline="always" href={`#/people/${id}`}>{data?.user ? data.user.displayName || data.user.userName : '…'}</Anchor>;
}

// Simulated tells what a policy would take back now, in words and names.
function Simulated({ license: l, policy }: { license: License; policy: ReclaimPolicyInput | null }) {
  const [{ data, error, fetching }] = useQuery({ query: Simulation, variables: { id: l.id, policy }, requestPolicy: 'cache-and-network' });
  const s = data?.reclaimSimulation;
  if (!s) {
    return error ? <Problem error={error} /> : <Text size="sm" c="dimmed">…</Text>;
  }
  if (!s.known) {
    return <Text size="sm">Use of this license is unknown, and so nothing would be taken back.</Text>;
  }
  const gone = s.candidates.filter((c) => !c.exemptGroupId);
  const exempt = s.candidates.filter((c) => c.exemptGroupId);
  return (
    <Stack gap={4} aria-busy={fetching} role="status">
      <Text size="sm"><b>{number(s.seats)}</b> {s.seats === 1 ? 'seat' : 'seats'} would become free{s.worthMinor ? <>, worth <b>{money(s.worthMinor, s.currency ?? 'EUR')}</b> a year</> : ''}{s.exempt > 0 ? `; ${number(s.exempt)} more ${s.exempt === 1 ? 'is' : 'are'} exempt` : ''}.</Text>
      {gone.length > 0 && <Text size="sm" component="div">{gone.slice(0, 5).map((c, n) => <span key={c.seatId}>{n > 0 && ', '}<Who id={c.userId} /> <Text component="span" size="sm" c="dimmed">({whyReclaimed[c.reason] ?? c.reason})</Text></span>)}{gone.length > 5 && ` and ${number(s.seats - 5)} more`}</Text>}
      {exempt.length > 0 && <Text size="sm" component="div" c="dimmed">Exempt: {exempt.slice(0, 5).map((c, n) => <span key={c.seatId}>{n > 0 && ', '}<Who id={c.userId} /></span>)}{exempt.length > 5 && ` and ${number(s.exempt - 5)} more`}</Text>}
    </Stack>
  );
}

function ReclaimForm({ license: l, changed, done }: { license: License; changed: () => void; done: () => void }) {
  const { save, error, busy } = useSave(l, changed);
  const [p, setP] = useState(l.reclaimPolicy);
  const [search, setSearch] = useState('');
  const [sought] = useDebouncedValue(search, 250);
  const [groups] = useQuery({ query: ExemptChoices, variables: { search: sought || null } });
  const found = groups.data?.groups.nodes ?? [];
  const days = (name: 'idleDays' | 'invitedDays' | 'noticeDays' | 'pauseDays') => ({ value: p[name], min: 0, max: 3650, allowDecimal: false, onChange: (v: number | string) => setP((was) => ({ ...was, [name]: Number(v) || 0 })) });
  const policy: ReclaimPolicyInput = useMemo(() => ({ automatic: p.automatic, idleDays: p.idleDays, invitedDays: p.invitedDays, noticeDays: p.noticeDays, pauseDays: p.pauseDays, exemptGroupIds: p.exempt }), [p]);
  const [simulated] = useDebouncedValue(policy, 350);
  const known = p.exempt.filter((g) => !found.some((f) => f.id === g));
  return (
    <form onSubmit={(e) => { e.preventDefault(); void save({ reclaimPolicy: policy }).then((ok) => { if (ok) done(); }); }}>
      <Stack>
        <SimpleGrid cols={2}>
          <NumberInput label="Days without use" description="0 for never" {...days('idleDays')} />
          <NumberInput label="Days invited, never came" description="0 for never" {...days('invitedDays')} />
          <NumberInput label="Days of notice" description="before the pause" {...days('noticeDays')} />
          <NumberInput label="Days of pause" description="before the taking back" {...days('pauseDays')} />
        </SimpleGrid>
        <MultiSelect label="Exempt groups" description="Their direct members keep their seats" searchable searchValue={search} onSearchChange={setSearch} value={p.exempt} onChange={(v) => setP((was) => ({ ...was, exempt: v }))}
          data={[...found.map((g) => ({ value: g.id, label: g.displayName })), ...known.map((g) => ({ value: g, label: 'Group ' + g.slice(-6) }))]} nothingFoundMessage="No group begins like that" />
        <Switch label="Give the notices by itself" description="Otherwise nothing begins before an administrator gives the notice" checked={p.automatic} onChange={(e) => { const yes = e.currentTarget.checked; setP((was) => ({ ...was, automatic: yes })); }} />
        <div className="quiet">
          <Text size="sm" fw={600} mb={4}>If it held today</Text>
          <Simulated license={l} policy={simulated} />
        </div>
        <Problem error={error} />
        <Foot busy={busy} cancel={done} />
      </Stack>
    </form>
  );
}

function Thresholds({ license: l, changed }: { license: License; changed: () => void }) {
  const a = l.alerts;
  const none = a.takenPercent.length === 0 && !a.waiting && a.runOutDays === 0 && a.utilizationUnder === 0;
  return (
    <Policy id="thresholds" title="Alerts" says="What is crossed raises one alert in the overview, the report and the journal, and one when it is over."
      facts={none ? [['Alerts', 'none']] : [
        ['Taken', a.takenPercent.length ? a.takenPercent.map((t) => `${t} %`).join(', ') + ' of the seats' : 'no alert'], ['Somebody waits', a.waiting ? 'alert' : 'no alert'],
        ['Seats run out', a.runOutDays ? `within ${a.runOutDays} days` : 'no alert'], ['Used of bought', a.utilizationUnder ? `under ${a.utilizationUnder} %` : 'no alert'],
      ]}
      edit={(done) => <ThresholdForm license={l} changed={changed} done={done} />} />
  );
}

function ThresholdForm({ license: l, changed, done }: { license: License; changed: () => void; done: () => void }) {
  const { save, error, busy } = useSave(l, changed);
  const [taken, setTaken] = useState(l.alerts.takenPercent.map(String));
  const [waiting, setWaiting] = useState(l.alerts.waiting);
  const [runOut, setRunOut] = useState<number | string>(l.alerts.runOutDays);
  const [under, setUnder] = useState<number | string>(l.alerts.utilizationUnder);
  const percents = taken.map((t) => Number.parseInt(t, 10)).filter((n) => n > 0).sort((a, b) => a - b);
  return (
    <form onSubmit={(e) => { e.preventDefault(); void save({ alerts: { takenPercent: percents, waiting, runOutDays: Number(runOut) || 0, utilizationUnder: Number(under) || 0 } }).then((ok) => { if (ok) done(); }); }}>
      <Stack>
        <TagsInput label="Percent of the seats that are taken" description="Such as 80 and 95; press Enter after each" value={taken} onChange={(v) => setTaken(v.filter((t) => Number.parseInt(t, 10) > 0))} />
        <SimpleGrid cols={2}>
          <NumberInput label="Run out within days" description="0 for no alert" min={0} max={180} allowDecimal={false} value={runOut} onChange={setRunOut} />
          <NumberInput label="Used under percent" description="0 for no alert" min={0} max={100} allowDecimal={false} value={under} onChange={setUnder} />
        </SimpleGrid>
        <Switch label="Somebody waits for a seat" checked={waiting} onChange={(e) => setWaiting(e.currentTarget.checked)} />
        <Problem error={error} />
        <Foot busy={busy} cancel={done} />
      </Stack>
    </form>
  );
}
