import { Accordion, Anchor, Group, List, SegmentedControl, Stack, Table, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { useQuery } from 'urql';
import { graphql } from '../gql';
import { Copy } from '../parts/copy';
import { Head, scrolled } from '../parts/page';
import { Problem } from '../parts/problem';
import { go, useRoute } from '../route';
import { guides, other, type Guide } from './guides';

const GuideQuery = graphql(`query GuideConfigs { tenant { id name scimConfigs(first: 50) { nodes { id name baseUrl identityProvider } } } }`);

// GuidePage tells how to connect a provider, with this tenant's own address in it. It is part of the console, so that it needs no network.
export default function GuidePage({ of }: { of: string | undefined }) {
  const { query } = useRoute();
  const [{ data, error }, again] = useQuery({ query: GuideQuery });
  const key = of && of in guides ? of : 'okta';
  const guide: Guide = of === 'other' ? other : guides[key]!;
  const all = data?.tenant.scimConfigs.nodes ?? [];
  const config = all.find((c) => c.id === query.get('config')) ?? all.find((c) => c.identityProvider === guide.provider) ?? all[0];
  const base = config?.baseUrl ?? `${window.location.origin}/scim/v2`;
  const named = config && config.identityProvider === guide.provider ? config : undefined;
  const suffix = query.get('config') ? `?config=${query.get('config')}` : '';
  return (
    <>
      <Head title={`Connect ${guide.name}`} back={named ? { to: `#/scim/${named.id}`, label: named.name } : { to: '#/scim', label: 'SCIM configurations' }} says={guide.says} />
      <Stack gap="lg">
        <SegmentedControl aria-label="Provider" value={of === 'other' ? 'other' : key} onChange={(v) => go(`#/guides/${v}${suffix}`)} data={[...Object.entries(guides).map(([value, g]) => ({ value, label: g.short })), { value: 'other', label: 'Another' }]} style={{ alignSelf: 'flex-start' }} />
        <Problem error={error} retry={() => again({ requestPolicy: 'network-only' })} />
        <section className="card" aria-labelledby="paste">
          <Title order={2} mb="xs" id="paste">What you paste</Title>
          <Stack gap="sm">
            <Copy label={guide.baseCalled} value={base} />
            <Text size="sm">
              <b>{guide.tokenCalled}</b>: the token that was shown once when it was generated. {named
                ? <>If it is lost, make a new one on <Anchor size="sm" underline="always" href={`#/scim/${named.id}`}>{named.name}</Anchor>; both are good until you revoke the old.</>
                : <>There is none before you <Anchor size="sm" underline="always" href="#/scim">add a SCIM configuration</Anchor>.</>}
            </Text>
          </Stack>
        </section>
        <section className="card" aria-labelledby="steps">
          <Title order={2} mb="sm" id="steps">Step by step</Title>
          <List type="ordered" spacing="sm" size="sm" className="steps">
            {guide.steps.map((s, n) => <List.Item key={n}><Step of={s} base={base} /></List.Item>)}
          </List>
        </section>
        <section className="card flush" aria-labelledby="comes">
          <Title order={2} px="md" pt="md" pb="xs" id="comes">What {guide.short} does, and what comes of it</Title>
          <Table.ScrollContainer minWidth={560} scrollAreaProps={scrolled}>
            <Table>
              <Table.Thead><Table.Tr><Table.Th>In {guide.short}</Table.Th><Table.Th>In Usher</Table.Th></Table.Tr></Table.Thead>
              <Table.Tbody>{guide.outcomes.map(([there, here]) => <Table.Tr key={there}><Table.Td>{there}</Table.Td><Table.Td>{here}</Table.Td></Table.Tr>)}</Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        </section>
        <section aria-labelledby="amiss">
          <Group justify="space-between" mb="xs"><Title order={2} id="amiss">When something is amiss</Title>{named && <Anchor size="sm" href={`#/scim/${named.id}?calls=refused`}>Calls that were refused</Anchor>}</Group>
          <Accordion variant="separated" chevronPosition="left" order={3}>
            {guide.amiss.map(([what, why]) => (
              <Accordion.Item key={what} value={what}><Accordion.Control>{what}</Accordion.Control><Accordion.Panel><Text size="sm" component="div">{why}</Text></Accordion.Panel></Accordion.Item>
            ))}
          </Accordion>
        </section>
      </Stack>
    </>
  );
}

function Step({ of, base }: { of: ReactNode | ((base: string) => ReactNode); base: string }) {
  return <>{typeof of === 'function' ? of(base) : of}</>;
}
