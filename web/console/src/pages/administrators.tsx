import { Alert, Badge, Button, Group, Menu, Modal, Select, Stack, Table, Text, TextInput, VisuallyHidden } from '@mantine/core';
import { useState } from 'react';
import { useMutation, useQuery, type CombinedError } from 'urql';
import { graphql } from '../gql';
import type { AdministratorRole, AdministratorsQuery as Found } from '../gql/graphql';
import { useBeat } from '../live';
import { Confirm, type Question } from '../parts/confirm';
import { Copy } from '../parts/copy';
import { GroupsField, useGroupNames } from '../parts/groups-field';
import { Icon } from '../parts/icon';
import { Empty, Head, Waiting } from '../parts/page';
import { Problem } from '../parts/problem';
import { When } from '../parts/time';
import { useViewer } from '../viewer';

const AdministratorsQuery = graphql(`
  query Administrators {
    tenant {
      id
      administrators { id name email role groupIds version createdAt }
      invitations { administratorId expiresAt }
      sessions { id administratorId userAgent createdAt seenAt }
    }
  }
`);
const Invite = graphql(`mutation Invite($name: String!, $email: String!, $role: AdministratorRole!, $groups: [ID!]) { inviteAdministrator(input: { name: $name, email: $email, role: $role, groupIds: $groups }) { link } }`);
const Renew = graphql(`mutation Renew($id: ID!) { renewInvitation(input: { administratorId: $id }) { link } }`);
const TakeBack = graphql(`mutation TakeBack($id: ID!) { revokeInvitation(input: { administratorId: $id }) { administrator { id } } }`);
const Remove = graphql(`mutation RemoveAdministrator($id: ID!) { deleteAdministrator(input: { id: $id }) { id } }`);
const Change = graphql(`mutation ChangeRole($id: ID!, $role: AdministratorRole!, $groups: [ID!], $version: Int64) { updateAdministrator(input: { id: $id, role: $role, groupIds: $groups, expectedVersion: $version }) { administrator { id } } }`);
const SignOutAll = graphql(`mutation SignOutAll($id: ID) { endSessions(input: { administratorId: $id }) { ended } }`);

const roles: Record<AdministratorRole, string> = { FULL: 'Full: changes everything', LIMITED: 'Limited: sees everything', REPORTING: 'Reporting: sees licenses and figures', GROUPS: 'Limited to some groups: sees their reports' };
const short: Record<AdministratorRole, string> = { FULL: 'Full', LIMITED: 'Limited', REPORTING: 'Reporting', GROUPS: 'Limited to some groups' };

// What the last role means, in the words of whoever gives it.
const limit = 'She sees the reports of the people who are in these groups, also in groups within them, by name: who has a seat, who waits, who uses it. She sees nobody else, no other page, and no figure of a whole license, such as seats bought, free seats and costs.';

type Administrator = Found['tenant']['administrators'][number];

export default function Administrators() {
  const viewer = useViewer();
  const [{ data, error, fetching }, again] = useQuery({ query: AdministratorsQuery });
  const refresh = () => again({ requestPolicy: 'network-only' });
  useBeat(refresh);
  const [, renew] = useMutation(Renew);
  const [, takeBack] = useMutation(TakeBack);
  const [, remove] = useMutation(Remove);
  const [, change] = useMutation(Change);
  const [, signOutAll] = useMutation(SignOutAll);
  const [question, ask] = useState<Question>();
  const [inviting, setInviting] = useState(false);
  const [limiting, setLimiting] = useState<Administrator>();
  const [link, setLink] = useState<{ name: string; link: string }>();
  const t = data?.tenant;
  const act = (run: () => Promise<{ error?: CombinedError | undefined }>) => async () => { const r = await run(); refresh(); return r.error; };
  return (
    <>
      <Head title="Administrators" says="Who may open this console. Each signs in with a link that works once; sign-in through your identity provider comes later.">
        {viewer.mayChange && <Button leftSection={<Icon name="plus" size={16} />} onClick={() => setInviting(true)}>Invite</Button>}
      </Head>
      <Problem error={error} retry={refresh} />
      <div className="card flush">
        {!t && fetching && <Waiting />}
        {t?.administrators.length === 0 && <Empty title="No administrators yet">Invite the first; until then only the operator and access tokens come in.</Empty>}
        {t && t.administrators.length > 0 && (
          <Table.ScrollContainer minWidth={620}>
            <Table>
              <Table.Thead><Table.Tr><Table.Th>Administrator</Table.Th><Table.Th>Role</Table.Th><Table.Th>Signed in</Table.Th><Table.Th>Invitation</Table.Th><Table.Th><VisuallyHidden>To do</VisuallyHidden></Table.Th></Table.Tr></Table.Thead>
              <Table.Tbody>
                {t.administrators.map((a) => {
                  const sessions = t.sessions.filter((s) => s.administratorId === a.id);
                  const invitation = t.invitations.find((i) => i.administratorId === a.id);
                  const seen = sessions.map((s) => s.seenAt).sort().at(-1);
                  return (
                    <Table.Tr key={a.id}>
                      <Table.Td><Text size="sm" fw={550}>{a.name}{a.id === viewer.administratorId && <Text component="span" size="sm" c="dimmed"> (you)</Text>}</Text><Text size="xs" c="dimmed">{a.email}</Text></Table.Td>
                      <Table.Td><Badge variant="light" radius="sm" color={a.role === 'FULL' ? 'usher' : 'gray'}>{short[a.role]}</Badge>{a.groupIds.length > 0 && <GroupsOf ids={a.groupIds} />}</Table.Td>
                      <Table.Td>{sessions.length ? <Text size="sm" component="div">in {sessions.length} {sessions.length === 1 ? 'browser' : 'browsers'}, <When at={seen} /></Text> : <Text size="sm" c="dimmed">nowhere</Text>}</Table.Td>
                      <Table.Td>{invitation ? <Text size="sm" component="div">open, ends <When at={invitation.expiresAt} /></Text> : <Text size="sm" c="dimmed">none</Text>}</Table.Td>
                      <Table.Td ta="right">
                        {viewer.mayChange && (
                          <Menu position="bottom-end">
                            <Menu.Target><Button size="compact-sm" variant="subtle" color="gray" aria-label={`More to do for ${a.name}`}><Icon name="more" /></Button></Menu.Target>
                            <Menu.Dropdown>
                              <Menu.Item onClick={() => void renew({ id: a.id }).then((r) => { refresh(); if (r.data) setLink({ name: a.name, link: r.data.renewInvitation.link }); })}>New sign-in link</Menu.Item>
                              {invitation && <Menu.Item onClick={() => ask({ title: `Take back ${a.name}'s invitation`, yes: 'Take back', consequence: 'The link that she has not used yet signs nobody in any more.', act: act(() => takeBack({ id: a.id })) })}>Take back the invitation…</Menu.Item>}
                              {sessions.length > 0 && <Menu.Item onClick={() => ask({ title: `Sign ${a.name} out everywhere`, yes: 'Sign out', consequence: `${sessions.length} ${sessions.length === 1 ? 'browser is' : 'browsers are'} signed out at once.${a.id === viewer.administratorId ? ' This one, too: you need a new link to come back.' : ''}`, act: act(() => signOutAll({ id: a.id })) })}>Sign out everywhere…</Menu.Item>}
                              <Menu.Label>Role</Menu.Label>
                              <Menu.Item onClick={() => setLimiting(a)}>{a.role === 'GROUPS' ? 'Other groups…' : `${short.GROUPS}…`}</Menu.Item>
                              {(Object.keys(roles) as AdministratorRole[]).filter((r) => r !== a.role && r !== 'GROUPS').map((r) => (
                                <Menu.Item key={r} onClick={() => ask({ title: `Make ${a.name} ${short[r].toLowerCase()}`, yes: 'Change the role', consequence: `${roles[r]}. It holds from her next click on; her access tokens that open more are revoked.`, act: act(() => change({ id: a.id, role: r, groups: [], version: a.version })) })}>{short[r]}…</Menu.Item>
                              ))}
                              <Menu.Divider />
                              <Menu.Item color="red" onClick={() => ask({ title: `Remove ${a.name}`, yes: 'Remove', danger: true, consequence: 'She is signed out everywhere at once, and her access tokens and her invitation end. What she has done stays in the journal. The last full administrator cannot be removed.', act: act(() => remove({ id: a.id })) })}>Remove…</Menu.Item>
                            </Menu.Dropdown>
                          </Menu>
                        )}
                      </Table.Td>
                    </Table.Tr>
                  );
                })}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
      </div>
      <Confirm question={question} close={() => ask(undefined)} />
      <Modal opened={inviting} onClose={() => setInviting(false)} title={<Text fw={650}>Invite an administrator</Text>}>
        <Inviting done={(made) => { setInviting(false); refresh(); setLink(made); }} />
      </Modal>
      <Modal opened={!!limiting} onClose={() => setLimiting(undefined)} title={<Text fw={650}>Limit {limiting?.name} to some groups</Text>}>
        {limiting && <Limiting of={limiting} close={() => setLimiting(undefined)} done={() => { setLimiting(undefined); refresh(); }} />}
      </Modal>
      <Modal opened={!!link} onClose={() => setLink(undefined)} size="lg" closeOnClickOutside={false} title={<Text fw={650}>A link for {link?.name}</Text>}>
        {link && (
          <Stack>
            <Alert color="orange" icon={<Icon name="key" />}>It is shown this once. It signs in the first who opens it, within 72 hours: send it to {link.name} alone.</Alert>
            <Copy label="Sign-in link" value={link.link} />
            <Group justify="flex-end"><Button onClick={() => setLink(undefined)}>Done</Button></Group>
          </Stack>
        )}
      </Modal>
    </>
  );
}

// GroupsOf names the groups that somebody is limited to, the first of many.
function GroupsOf({ ids }: { ids: string[] }) {
  const first = ids.slice(0, 3);
  const names = useGroupNames(first);
  return <Text size="xs" c="dimmed" mt={2} maw={260}>{first.map((id) => names[id] ?? '…').join(', ')}{ids.length > first.length && ` and ${ids.length - first.length} more`}</Text>;
}

// Limiting gives somebody the role that sees some groups only, or other groups.
function Limiting({ of, close, done }: { of: Administrator; close: () => void; done: () => void }) {
  const [groups, setGroups] = useState(of.groupIds);
  const [{ error, fetching }, change] = useMutation(Change);
  return (
    <form onSubmit={(e) => { e.preventDefault(); void change({ id: of.id, role: 'GROUPS', groups, version: of.version }).then((r) => { if (r.data) done(); }); }}>
      <Stack>
        <GroupsField value={groups} change={setGroups} description="Whose people she sees: at least one" />
        <Text size="sm">{limit} It holds from her next click on; her access tokens that open more are revoked.</Text>
        <Problem error={error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>Cancel</Button>
          <Button type="submit" loading={fetching} disabled={groups.length === 0}>Limit her</Button>
        </Group>
      </Stack>
    </form>
  );
}

function Inviting({ done }: { done: (made: { name: string; link: string }) => void }) {
  const [name, setName] = useState('');
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<AdministratorRole>('FULL');
  const [groups, setGroups] = useState<string[]>([]);
  const limited = role === 'GROUPS';
  const [{ error, fetching }, invite] = useMutation(Invite);
  return (
    <form onSubmit={(e) => { e.preventDefault(); void invite({ name, email, role, groups: limited ? groups : [] }).then((r) => { if (r.data) done({ name, link: r.data.inviteAdministrator.link }); }); }}>
      <Stack>
        <TextInput label="Name" required maxLength={200} value={name} onChange={(e) => setName(e.currentTarget.value)} data-autofocus />
        <TextInput label="E-mail" type="email" required value={email} onChange={(e) => setEmail(e.currentTarget.value)} />
        <Select label="Role" allowDeselect={false} data={Object.entries(roles).map(([value, label]) => ({ value, label }))} value={role} onChange={(v) => setRole((v ?? 'REPORTING') as AdministratorRole)} />
        {limited && <GroupsField value={groups} change={setGroups} description="Whose people she sees: at least one" />}
        {limited && <Text size="sm">{limit}</Text>}
        <Problem error={error} />
        <Group justify="flex-end"><Button type="submit" loading={fetching} disabled={limited && groups.length === 0}>Make a link</Button></Group>
      </Stack>
    </form>
  );
}
