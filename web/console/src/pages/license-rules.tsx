import { Badge, Button, Group, Modal, Progress, Select, Stack, Text, TextInput, Title, Collapse, NumberInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useEffect, useState } from 'react';
import { useMutation, useQuery, type CombinedError } from 'urql';
import { graphql } from '../gql';
import type { RuleDefinitionInput, RuleStatus } from '../gql/graphql';
import { useBeat } from '../live';
import { Icon } from '../parts/icon';
import { Empty, Waiting } from '../parts/page';
import { Problem } from '../parts/problem';
import { number } from '../parts/seats';
import { go } from '../route';
import { useViewer } from '../viewer';

const RulesQuery = graphql(`
  query LicenseRules($id: ID!) {
    license(id: $id) {
      id
      rules {
        id name status published
        revisions { number status groupId filter choice priority }
        run { revision state total done gained lost startedAt endedAt }
      }
    }
  }
`);
const GroupChoices = graphql(`query GroupChoices($search: String) { groups(first: 50, filter: { search: $search }) { nodes { id displayName members { totalCount } } } }`);
const GroupOf = graphql(`query GroupOf($id: ID!) { group(id: $id) { id displayName } }`);
const CreateRule = graphql(`mutation CreateRule($input: CreateRuleInput!) { createRule(input: $input) { rule { id } } }`);
export const ReviseRule = graphql(`mutation ReviseRule($input: ReviseRuleInput!) { reviseRule(input: $input) { rule { id } } }`);

export interface Definition {
  groupId?: string | null;
  filter?: string | null;
  choice?: string | null;
  priority: number;
}

export interface Run {
  revision?: number | null;
  state: string;
  total: number;
  done: number;
  gained: number;
  lost: number;
  startedAt: string;
  endedAt?: string | null;
}

export const ruleStatus: Record<RuleStatus, { label: string; color: string }> = { DRAFT: { label: 'Draft', color: 'gray' }, ACTIVE: { label: 'Holds', color: 'usher' }, RETIRED: { label: 'Retired', color: 'gray' } };

// Means says in words whom a definition takes.
export function Means({ of }: { of: Definition }) {
  const [{ data }] = useQuery({ query: GroupOf, variables: { id: of.groupId ?? '' }, pause: !of.groupId });
  const group = of.groupId ? <>direct members of <a className="plain" href={`#/groups/${of.groupId}`}>{data?.group?.displayName ?? 'a group'}</a></> : 'everybody';
  return (
    <Text size="sm" component="div">
      Active people: {group}{of.filter && <> with <code className="mono">{of.filter}</code></>}
      {(of.choice || of.priority !== 0) && <Text component="span" size="sm" c="dimmed"> · {of.choice && <>choice “{of.choice}”, </>}priority {of.priority}</Text>}
    </Text>
  );
}

// Progressing shows how far a run is, and what it has done.
export function Progressing({ run }: { run: Run }) {
  const share = run.total > 0 ? Math.min(100, (100 * run.done) / run.total) : run.state === 'running' ? 0 : 100;
  if (run.state !== 'running') {
    return <Text size="sm" c="dimmed">{run.state === 'done' ? 'The last run is done' : 'Another run has taken over'}: {number(run.gained)} gained, {number(run.lost)} lost.</Text>;
  }
  return (
    <div role="status">
      <Text size="sm" mb={4}>The run goes on: {number(run.done)} of {number(run.total)} people, {number(run.gained)} gained, {number(run.lost)} lost so far.</Text>
      <Progress value={share} animated aria-label={`${Math.round(share)} % of the people are done`} />
    </div>
  );
}

// Rules of a license say who gets its seats by what people are.
export function Rules({ license, product }: { license: string; product: string }) {
  const viewer = useViewer();
  const [{ data, error, fetching }, again] = useQuery({ query: RulesQuery, variables: { id: license } });
  const refresh = () => again({ requestPolicy: 'network-only' });
  useBeat(refresh);
  const [making, setMaking] = useState(false);
  const rules = data?.license?.rules;
  const running = rules?.some((r) => r.run?.state === 'running');
  useEffect(() => {
    if (!running) {
      return undefined;
    }
    const timer = setInterval(() => again({ requestPolicy: 'network-only' }), 1000);
    return () => clearInterval(timer);
  }, [running, again]);
  const add = <Button leftSection={<Icon name="plus" size={16} />} onClick={() => setMaking(true)}>Draft a rule</Button>;
  return (
    <section aria-labelledby="rules">
      <Group justify="space-between" mb="sm">
        <div><Title order={2} id="rules">Rules</Title><Text size="sm" c="dimmed">A draft holds for nobody: look at who would gain and lose, then publish it.</Text></div>
        {viewer.mayChange && rules && rules.length > 0 && add}
      </Group>
      <Problem error={error} retry={refresh} />
      {!rules && fetching && <div className="card flush"><Waiting rows={3} /></div>}
      {rules?.length === 0 && <div className="card flush"><Empty title="No rule gives these seats" action={viewer.mayChange ? add : undefined}>With a rule, everybody in a group, or with a title or department, has a seat for as long as she is so.</Empty></div>}
      <Stack gap="sm">
        {rules?.map((r) => {
          const draft = r.revisions.find((v) => v.status === 'DRAFT');
          const shown = r.revisions.find((v) => v.status === 'PUBLISHED') ?? draft ?? r.revisions[0];
          return (
            <div className="card" key={r.id}>
              <Group justify="space-between" mb={6}>
                <Group gap="sm"><a className="plain strong" href={`#/rules/${r.id}`}>{r.name}</a><Badge variant="light" color={ruleStatus[r.status].color}>{ruleStatus[r.status].label}</Badge>{draft && r.status !== 'DRAFT' && <Badge variant="light" color="orange">Draft waits</Badge>}</Group>
                <Button size="xs" variant="default" component="a" href={`#/rules/${r.id}`}>{draft ? 'Preview' : 'Open'}</Button>
              </Group>
              {shown && <Means of={shown} />}
              {r.run && <div className="mt"><Progressing run={r.run} /></div>}
            </div>
          );
        })}
      </Stack>
      <Modal opened={making} onClose={() => setMaking(false)} size="lg" title={<Text fw={650}>Draft a rule for {product}</Text>}>
        <RuleForm license={license} done={(id) => go(`#/rules/${id}`)} cancel={() => setMaking(false)} />
      </Modal>
    </section>
  );
}

// RuleForm writes a draft: of a new rule, or of one that is there.
export function RuleForm({ license, rule, was, done, cancel }: { license?: string; rule?: string; was?: Definition; done: (rule: string) => void; cancel: () => void }) {
  const [name, setName] = useState('');
  const [group, setGroup] = useState<string | null>(was?.groupId ?? null);
  const [filter, setFilter] = useState(was?.filter ?? '');
  const [choice, setChoice] = useState(was?.choice ?? '');
  const [priority, setPriority] = useState<number | string>(was?.priority ?? 0);
  const [more, setMore] = useState(!!was && (!!was.choice || was.priority !== 0));
  const [search, setSearch] = useState('');
  const [sought] = useDebouncedValue(search, 250);
  const [choices] = useQuery({ query: GroupChoices, variables: { search: sought || null } });
  const [chosen] = useQuery({ query: GroupOf, variables: { id: group ?? '' }, pause: !group });
  const [, create] = useMutation(CreateRule);
  const [, revise] = useMutation(ReviseRule);
  const [error, setError] = useState<CombinedError>();
  const [busy, setBusy] = useState(false);
  const found = choices.data?.groups.nodes ?? [];
  const data = found.map((g) => ({ value: g.id, label: `${g.displayName} (${number(g.members.totalCount)})` }));
  if (group && !found.some((g) => g.id === group)) {
    data.unshift({ value: group, label: chosen.data?.group?.displayName ?? 'The chosen group' });
  }
  const save = async () => {
    const definition: RuleDefinitionInput = { groupId: group, filter: filter.trim() || null, choice: choice.trim() || null, priority: Number(priority) || 0 };
    setBusy(true);
    const r = rule ? await revise({ input: { ruleId: rule, definition } }) : await create({ input: { licenseId: license!, name: name.trim(), definition } });
    setBusy(false);
    setError(r.error);
    if (!r.error) {
      done(rule ?? (r.data as { createRule: { rule: { id: string } } }).createRule.rule.id);
    }
  };
  return (
    <form onSubmit={(e) => { e.preventDefault(); void save(); }}>
      <Stack>
        {!rule && <TextInput label="Name" description="As you will find it again, such as “Sales gets Navigator”" required maxLength={200} value={name} onChange={(e) => setName(e.currentTarget.value)} data-autofocus />}
        <Select label="Group" description="Its direct members; none for everybody" placeholder="Everybody" clearable searchable searchValue={search} onSearchChange={setSearch} filter={({ options }) => options} data={data} value={group} onChange={setGroup} nothingFoundMessage="No group begins like that" />
        <TextInput label="Filter on attributes" description={<>In SCIM&apos;s grammar, such as <code className="mono">title co &quot;sales&quot;</code> or <code className="mono">userType eq &quot;Employee&quot;</code>; none for anybody</>} value={filter} onChange={(e) => setFilter(e.currentTarget.value)} spellCheck={false} autoComplete="off" />
        {!more && <Group><Button size="compact-sm" variant="subtle" onClick={() => setMore(true)}>Priority and competing rules</Button></Group>}
        <Collapse expanded={more}>
          <Group align="flex-start">
            <NumberInput label="Priority" description="In line, and between competing rules, the greatest counts" allowDecimal={false} min={-1000} max={1000} value={priority} onChange={setPriority} flex={1} miw={200} />
            <TextInput label="Choice" description="Of rules that share one, a person gets only what the greatest priority gives" maxLength={100} value={choice} onChange={(e) => setChoice(e.currentTarget.value)} flex={1} miw={200} />
          </Group>
        </Collapse>
        {!group && !filter.trim() && <Text size="sm" c="orange">Without a group and a filter the rule means every active person.</Text>}
        <Problem error={error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={cancel}>Cancel</Button>
          <Button type="submit" loading={busy} disabled={!rule && !name.trim()}>Save the draft and preview</Button>
        </Group>
      </Stack>
    </form>
  );
}
