import { Anchor, Group, SegmentedControl, Table, Text, Title } from '@mantine/core';
import { useQuery } from 'urql';
import { graphql } from '../gql';
import type { SeatState, UtilizationFigure } from '../gql/graphql';
import { useBeat } from '../live';
import { AsOfPicker, useAsOf, type AsOf } from '../parts/as-of';
import { nameOfDay } from '../parts/day';
import { Empty, Pager, Waiting } from '../parts/page';
import { Problem } from '../parts/problem';
import { number, reasonOf, StateLabel, states } from '../parts/seats';
import { When } from '../parts/time';
import { settle, useRoute } from '../route';
import { useViewer } from '../viewer';

const SeatsQuery = graphql(`
  query Seats($id: ID!, $state: SeatState, $first: Int, $after: String, $last: Int, $before: String) {
    license(id: $id) {
      id
      seats(state: $state, first: $first, after: $after, last: $last, before: $before) {
        totalCount
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        nodes { id state position since waitingSince priority keptUntil lastUsedAt reason claims { reason scimConfig { id name } rule { id name } } user { id userName displayName } }
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
        nodes { id state position since waitingSince priority keptUntil lastUsedAt reason }
      }
    }
  }
`);
const ThenQuery = graphql(`
  query SeatsThen($id: ID!, $at: Time, $figure: UtilizationFigure!, $first: Int, $after: String, $last: Int, $before: String) {
    licenseUtilization(licenses: [$id], at: $at) {
      licenses {
        license { id }
        purchased assigned consentPending paused grace waiting
        people(figure: $figure, first: $first, after: $after, last: $last, before: $before) {
          totalCount
          pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
          nodes { userId userName displayName department state since assignedAt }
        }
      }
    }
  }
`);

const size = 50;
const shownStates: SeatState[] = ['ACTIVATED', 'INVITED', 'CONSENT_PENDING', 'PAUSED', 'GRACE', 'WAITING', 'RELEASED'];


// Seats are who sits, who waits and who sat; or with a day, who did then.
export function Seats({ license }: { license: string }) {
  const asOf = useAsOf();
  return asOf.day ? <Then license={license} asOf={asOf} /> : <Now license={license} asOf={asOf} />;
}

function Now({ license, asOf }: { license: string; asOf: AsOf }) {
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
  const fresh = { after: undefined, before: undefined };
  const { error, fetching } = looks ? named : bare;
  useBeat(() => again({ requestPolicy: 'network-only' }));
  const found = looks ? named.data?.license?.seats : bare.data?.license?.seats;
  return (
    <section aria-labelledby="seats">
      <Group justify="space-between" align="flex-end" mb="sm">
        <Title order={2} id="seats">{state === 'WAITING' ? 'Waiting list' : 'Seats'}</Title>
        <AsOfPicker of={asOf} resets={fresh} />
      </Group>
      <StateChoice all={shownStates} value={state} />
      {state === 'WAITING' && <Text size="sm" c="dimmed" mb="sm">The next free seat goes to the first in line. Who has the greater priority stands before who came earlier.</Text>}
      <Problem error={error} retry={() => again({ requestPolicy: 'network-only' })} />
      <div className="card flush">
        {!found && fetching && <Waiting rows={8} />}
        {found?.nodes.length === 0 && <Empty title={state === 'WAITING' ? 'Nobody waits' : state ? `No seat is ${states[state].label.toLowerCase()}` : 'Nobody sits here yet'}>{!state && 'Seats are given by a SCIM configuration with auto-assign, by rules, or by hand on a person\'s page.'}</Empty>}
        {found && found.nodes.length > 0 && (
          <>
            <Table.ScrollContainer minWidth={680}>
              <Table>
                <Table.Thead><Table.Tr>{state === 'WAITING' && <Table.Th>Place</Table.Th>}<Table.Th>Person</Table.Th><Table.Th>State</Table.Th><Table.Th>Why</Table.Th>{state === 'WAITING' ? <><Table.Th>Priority</Table.Th><Table.Th>Waits since</Table.Th></> : <><Table.Th>Since</Table.Th><Table.Th>Last used</Table.Th></>}</Table.Tr></Table.Thead>
                <Table.Tbody>
                  {found.nodes.map((s) => (
                    <Table.Tr key={s.id}>
                      {state === 'WAITING' && <Table.Td>{s.position}</Table.Td>}
                      <Table.Td>{'user' in s && s.user ? <Anchor size="sm" fw={550} href={`#/people/${(s.user as { id: string }).id}`}>{(s.user as { displayName: string }).displayName || (s.user as { userName: string }).userName}</Anchor> : <Text size="sm" c="dimmed">{looks ? 'deleted' : 'not shown to reporting'}</Text>}</Table.Td>
                      <Table.Td><StateLabel state={s.state} /></Table.Td>
                      <Table.Td><Text size="sm" c="dimmed" component="div">{'claims' in s && state !== 'RELEASED' && (s.claims as Claimed[]).length > 0 ? <Because of={s.claims as Claimed[]} /> : reasonOf(s.reason)}{s.keptUntil && <>, kept until <When at={s.keptUntil} /></>}</Text></Table.Td>
                      {state === 'WAITING' ? <><Table.Td>{s.priority}</Table.Td><Table.Td><When at={s.waitingSince ?? s.since} /></Table.Td></> : <><Table.Td><When at={s.since} /></Table.Td><Table.Td><When at={s.lastUsedAt} /></Table.Td></>}
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


interface Claimed {
  reason: string;
  scimConfig?: { id: string; name: string } | null;
  rule?: { id: string; name: string } | null;
}

function Because({ of }: { of: Claimed[] }) {
  return (
    <>
      {of.map((c, n) => (
        <span key={n}>
          {n > 0 && ', '}
          {c.scimConfig ? <Anchor size="sm" underline="always" href={`#/scim/${c.scimConfig.id}`}>{c.scimConfig.name}</Anchor> : c.rule ? <>rule <Anchor size="sm" underline="always" href={`#/rules/${c.rule.id}`}>{c.rule.name}</Anchor></> : reasonOf(c.reason)}
        </span>
      ))}
    </>
  );
}

function StateChoice({ all, value }: { all: SeatState[]; value: SeatState | null }) {
  return (
    <div className="scrolls-x">
      <SegmentedControl size="xs" mb="sm" aria-label="State of the seats" value={value ?? 'ALL'} onChange={(v) => settle({ state: v === 'ALL' ? undefined : v, after: undefined, before: undefined })}
        data={[{ value: 'ALL', label: 'All' }, ...all.map((s) => ({ value: s, label: states[s].label }))]} />
    </div>
  );
}

const thenFigures: Partial<Record<SeatState, UtilizationFigure>> = { ACTIVATED: 'ACTIVATED', INVITED: 'INVITED', CONSENT_PENDING: 'CONSENT_PENDING', PAUSED: 'PAUSED', GRACE: 'GRACE', WAITING: 'WAITING' };

// Then is who held a seat, or waited, at the end of a day.
function Then({ license, asOf }: { license: string; asOf: AsOf }) {
  const viewer = useViewer();
  const { query } = useRoute();
  const given = query.get('state') as SeatState | null;
  const figure = (given && thenFigures[given]) || 'ASSIGNED';
  const after = query.get('after') ?? undefined;
  const before = query.get('before') ?? undefined;
  const [{ data, error, fetching }, again] = useQuery({ query: ThenQuery, variables: { id: license, at: asOf.at, figure, ...(before ? { last: size, before } : { first: size, after }) } });
  const l = data?.licenseUtilization.licenses[0];
  const found = l?.people;
  const day = nameOfDay(asOf.day!);
  return (
    <section aria-labelledby="seats">
      <Group justify="space-between" align="flex-end" mb="sm">
        <Title order={2} id="seats">{figure === 'WAITING' ? 'Who waited' : 'Who held a seat'} on {day}</Title>
        <AsOfPicker of={asOf} resets={{ after: undefined, before: undefined }} />
      </Group>
      <StateChoice all={Object.keys(thenFigures) as SeatState[]} value={given && thenFigures[given] ? given : null} />
      {l && <Text size="sm" c="dimmed" mb="sm">At the end of the day {number(l.assigned)} of {number(l.purchased)} seats were assigned{l.waiting > 0 && `, and ${number(l.waiting)} ${l.waiting === 1 ? 'person' : 'people'} waited`}.</Text>}
      <Problem error={error} retry={() => again({ requestPolicy: 'network-only' })} />
      <div className="card flush">
        {!data && fetching && <Waiting rows={8} />}
        {data && !l && <Empty title="The license was not there on that day">Choose a later day.</Empty>}
        {found?.nodes.length === 0 && <Empty title={figure === 'WAITING' ? 'Nobody waited' : 'Nobody held one'} />}
        {found && found.nodes.length > 0 && (
          <>
            <Table.ScrollContainer minWidth={620}>
              <Table>
                <Table.Thead><Table.Tr><Table.Th>Person</Table.Th><Table.Th>Department today</Table.Th><Table.Th>State then</Table.Th><Table.Th>So since</Table.Th><Table.Th>Assigned</Table.Th></Table.Tr></Table.Thead>
                <Table.Tbody>
                  {found.nodes.map((p) => (
                    <Table.Tr key={p.userId}>
                      <Table.Td>{!p.userName ? <Text size="sm" c="dimmed">deleted</Text> : viewer.role === 'REPORTING' ? <Text size="sm" fw={550}>{p.displayName || p.userName}</Text> : <Anchor size="sm" fw={550} href={`#/people/${p.userId}`}>{p.displayName || p.userName}</Anchor>}</Table.Td>
                      <Table.Td><Text size="sm">{p.department}</Text></Table.Td>
                      <Table.Td><StateLabel state={p.state} /></Table.Td>
                      <Table.Td><When at={p.since} /></Table.Td>
                      <Table.Td><When at={p.assignedAt} none="not" /></Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
            <Pager info={found.pageInfo} total={found.totalCount} shown={found.nodes.length} noun={['person', 'people']} turn={(to) => settle({ after: to.after, before: to.before })} />
          </>
        )}
      </div>
    </section>
  );
}
