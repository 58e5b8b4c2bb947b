import { ActionIcon, AppShell, Burger, Center, Group, Indicator, Loader, Menu, NavLink, Text, Tooltip, UnstyledButton, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { lazy, Suspense, useEffect, useRef, type ReactNode } from 'react';
import { useMutation } from 'urql';
import { signOut } from './client';
import { graphql } from './gql';
import { Icon, type IconName } from './parts/icon';
import { Crash } from './parts/crash';
import { Empty } from './parts/page';
import { useLive } from './live';
import { useRoute } from './route';
import { useViewer, type Viewer } from './viewer';

const Overview = lazy(() => import('./pages/overview'));
const Configurations = lazy(() => import('./pages/configurations'));
const Configuration = lazy(() => import('./pages/configuration'));
const GuidePage = lazy(() => import('./pages/guide'));
const People = lazy(() => import('./pages/people'));
const Person = lazy(() => import('./pages/person'));
const Groups = lazy(() => import('./pages/groups'));
const GroupPage = lazy(() => import('./pages/group'));
const Licenses = lazy(() => import('./pages/licenses'));
const License = lazy(() => import('./pages/license'));
const Rule = lazy(() => import('./pages/rule'));
const Reports = lazy(() => import('./pages/reports'));
const Report = lazy(() => import('./pages/report'));
const GroupsReports = lazy(() => import('./pages/groups-reports'));
const GroupsReport = lazy(() => import('./pages/groups-report'));
const ReportPeople = lazy(() => import('./pages/report-people'));
const Activity = lazy(() => import('./pages/activity'));
const Administrators = lazy(() => import('./pages/administrators'));

interface Place {
  path: string;
  label: string;
  icon: IconName;
  reporting?: boolean; // seen by administrators who see reports only
  ofGroups?: boolean; // seen also by those who see reports of some groups only
}

const places: Place[] = [
  { path: '', label: 'Overview', icon: 'overview', reporting: true },
  { path: 'scim', label: 'SCIM configurations', icon: 'plug' },
  { path: 'people', label: 'People', icon: 'person' },
  { path: 'groups', label: 'Groups', icon: 'people' },
  { path: 'licenses', label: 'Licenses', icon: 'seat', reporting: true },
  { path: 'reports', label: 'Reports', icon: 'chart', reporting: true, ofGroups: true },
  { path: 'activity', label: 'Activity', icon: 'activity' },
  { path: 'administrators', label: 'Administrators', icon: 'key' },
];

function shown(to: Viewer): Place[] {
  return places.filter((p) => to.seesAll || (to.ofGroups ? p.ofGroups : p.reporting));
}

// Pages that stand below a place of another name.
const homes: Record<string, string> = { rules: 'licenses', guides: 'scim' };

const EnterTenant = graphql(`
  mutation LeaveTenant { enterTenant(input: {}) { viewer { kind } } }
`);

export function Shell() {
  const [open, { toggle, close }] = useDisclosure();
  const route = useRoute();
  const viewer = useViewer();
  const seen = shown(viewer);
  const section = route.path[0] ?? seen[0]?.path ?? '';
  const place = places.find((p) => p.path === (homes[section] ?? section)) ?? places[0]!;
  const main = useRef<HTMLElement>(null);
  const address = route.path.join('/');
  const first = useRef(true);
  useEffect(() => {
    document.title = `${place.label} · ${viewer.tenant?.name ?? ''} · Usher`;
    close();
    if (first.current) {
      first.current = false;
      return;
    }
    main.current?.focus({ preventScroll: true }); // who does not see the page hears that it is another
    window.scrollTo(0, 0);
  }, [address, place.label, viewer.tenant?.name, close]);
  return (
    <AppShell header={{ height: 52 }} navbar={{ width: 228, breakpoint: 'sm', collapsed: { mobile: !open } }} padding="lg">
      <a className="skip" href="#main" onClick={(e) => { e.preventDefault(); main.current?.focus(); }}>Skip to the content</a>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger opened={open} onClick={toggle} hiddenFrom="sm" size="sm" aria-label={open ? 'Close the navigation' : 'Open the navigation'} />
            <Icon name="logo" size={24} />
            <Text fw={650}>Usher</Text>
            <Text c="dimmed" size="sm" truncate visibleFrom="xs">{viewer.tenant?.name}</Text>
          </Group>
          <Group gap="xs" wrap="nowrap">
            <LiveSign />
            <Scheme />
            <Account />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="sm">
        <nav aria-label="Main">
          {seen.map((p) => (
            <NavLink key={p.path} href={'#/' + p.path} label={p.label} active={p === place} aria-current={p === place ? 'page' : undefined}
              leftSection={<Icon name={p.icon} />} styles={{ root: { borderRadius: 'var(--mantine-radius-md)', marginBottom: 2 } }} />
          ))}
        </nav>
      </AppShell.Navbar>
      <AppShell.Main ref={main} tabIndex={-1} id="main" style={{ outline: 'none' }}>
        <div className="page">
          <Crash key={address}>
            <Suspense fallback={<Center mih="40vh"><Loader aria-label="Loading" /></Center>}>
              {!seen.includes(place)
                ? <div className="card flush"><Empty title="Your role does not see this page">You see {viewer.ofGroups ? 'reports of the people of your groups' : 'licenses and reports'}. A full administrator can give you another role, under Administrators.</Empty></div>
                : <Page section={section} id={route.path[1]} part={route.path[2]} />}
            </Suspense>
          </Crash>
        </div>
      </AppShell.Main>
    </AppShell>
  );
}

function Page({ section, id, part }: { section: string; id: string | undefined; part: string | undefined }): ReactNode {
  const { ofGroups } = useViewer();
  switch (section) {
    case 'scim':
      return id ? <Configuration key={id} id={id} /> : <Configurations />;
    case 'guides':
      return <GuidePage of={id} />;
    case 'people':
      return id ? <Person key={id} id={id} /> : <People />;
    case 'groups':
      return id ? <GroupPage key={id} id={id} /> : <Groups />;
    case 'licenses':
      return id ? <License key={id} id={id} /> : <Licenses />;
    case 'rules':
      return id ? <Rule key={id} id={id} /> : <Licenses />;
    case 'reports':
      if (id && part) {
        return <ReportPeople key={id + part} id={id} figure={part} />;
      }
      if (ofGroups) {
        return id ? <GroupsReport key={id} id={id} /> : <GroupsReports />;
      }
      return id ? <Report key={id} id={id} /> : <Reports />;
    case 'activity':
      return <Activity />;
    case 'administrators':
      return <Administrators />;
    default:
      return <Overview />;
  }
}

function LiveSign() {
  const { connected } = useLive();
  const viewer = useViewer();
  if (!viewer.seesAll) {
    return null;
  }
  const says = connected ? 'Live: what changes is shown at once' : 'Not connected: what is shown is read again every 10 seconds';
  return (
    <Tooltip label={says}>
      <Group gap={6} wrap="nowrap" tabIndex={0} role="status" aria-label={says}>
        <Indicator position="middle-center" size={8} color={connected ? 'teal' : 'orange'} processing={false} inline><span style={{ width: 8, display: 'inline-block' }} /></Indicator>
        <Text size="xs" c="dimmed" visibleFrom="sm">{connected ? 'Live' : 'Polling'}</Text>
      </Group>
    </Tooltip>
  );
}

function Scheme() {
  const { setColorScheme } = useMantineColorScheme();
  const dark = useComputedColorScheme('light') === 'dark';
  const label = dark ? 'Use light colors' : 'Use dark colors';
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" aria-label={label} onClick={() => setColorScheme(dark ? 'light' : 'dark')}>
        <Icon name={dark ? 'sun' : 'moon'} />
      </ActionIcon>
    </Tooltip>
  );
}

const roles = { FULL: 'may change everything', LIMITED: 'sees everything, changes nothing', REPORTING: 'sees licenses and figures', GROUPS: 'sees figures of the people of some groups' };

function Account() {
  const viewer = useViewer();
  const [, leave] = useMutation(EnterTenant);
  const role = viewer.kind === 'operator' ? 'Operator of this installation' : viewer.role ? roles[viewer.role] : '';
  return (
    <Menu position="bottom-end" width={260}>
      <Menu.Target>
        <UnstyledButton aria-label={`Account of ${viewer.name}`} px={6} py={4}>
          <Group gap={6} wrap="nowrap">
            <Icon name="person" />
            <Text size="sm" visibleFrom="xs" maw={180} truncate>{viewer.name}</Text>
          </Group>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {viewer.email && <Text size="xs" truncate>{viewer.email}</Text>}
          <Text size="xs">{role}</Text>
        </Menu.Label>
        {viewer.kind === 'operator' && (
          <Menu.Item onClick={() => { void leave({}).then(() => { window.location.hash = '#/'; viewer.refresh(); }); }}>Go to another tenant</Menu.Item>
        )}
        <Menu.Item onClick={() => void signOut()}>Sign out</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
