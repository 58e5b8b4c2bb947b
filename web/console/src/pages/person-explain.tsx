import { Anchor, Badge, Group, Select, Stack, Table, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { useQuery } from 'urql';
import { graphql } from '../gql';
import type { ExplainQuery, RuleVerdict } from '../gql/graphql';
import { CallStatus } from '../parts/call';
import { wordsFor } from '../parts/event';
import { Waiting, scrolled } from '../parts/page';
import { Problem } from '../parts/problem';
import { number, reasonOf, StateLabel, states } from '../parts/seats';
import { When } from '../parts/time';

const Explain = graphql(`
  query Explain($license: ID!, $user: ID!) {
    explainSeat(licenseId: $license, userId: $user) {
      license { id product total taken free waiting }
      seat { id state since reason keptUntil }
      active answer position consent
      claims { reason since scimConfig { id name } rule { id name } }
      rules { rule { id name } verdict groupId filter choice priority }
      missing { id product }
      steps { at was now cause eventId event { id kind actorName actorKind } call { id at method path status verdict detail probe scimConfig { id name } } }
    }
  }
`);
const LicensesToExplain = graphql(`query LicensesToExplain { licenses(first: 100) { nodes { id product } } }`);

type Explanation = ExplainQuery['explainSeat'];

const verdicts: Record<RuleVerdict, string> = {
  GIVES: 'is a reason for the seat', COMES_LATER: 'means her, but another rule of the same choice comes first', DOES_NOT_MEAN: 'does not mean her', CANNOT_BE_ASKED: 'cannot be asked: an attribute of its filter has gone. What it gave stays',
};

function answerOf(e: Explanation): string {
  const of = e.license.product;
  const known: Record<string, string> = {
    seated: `She has a seat of ${of} and may come in.`, inactive: `She is not active, so that she has no seat of ${of}: an administrator blocks her, or no SCIM configuration holds her active.`,
    waiting: `She should have a seat of ${of} and waits, ${e.position ? `at place ${number(e.position)}` : 'in line'}${e.license.free === 0 ? `: all ${number(e.license.total)} are taken` : ''}.`,
    grace: `She has left; her seat of ${of} is kept for her for some days.`, released: `She had a seat of ${of}, and no reason for one is left.`, no_seat: `Nothing gives her a seat of ${of}: no configuration, no rule, no hand.`,
    paused: `Her seat of ${of} is closed for want of use.`, not_started: `The term of ${of} has not begun.`, expired: `The term of ${of} is over.`, consent_pending: `Her seat of ${of} is kept until she agrees.`,
  };
  return known[e.answer] ?? `${of}: ${reasonOf(e.answer)}.`;
}

// Why tells why a person has, or has not, a seat: rule by rule, down to the event and the call that it came from.
export function Why({ person, license }: { person: string; license: string | undefined }) {
  const [licenses] = useQuery({ query: LicensesToExplain });
  const all = licenses.data?.licenses.nodes ?? [];
  const [chosen, setChosen] = useState(license);
  const of = chosen ?? all[0]?.id;
  const [{ data, error, fetching }, again] = useQuery({ query: Explain, variables: { license: of ?? '', user: person }, pause: !of, requestPolicy: 'cache-and-network' });
  const e = data?.explainSeat;
  return (
    <Stack>
      <Select label="License" allowDeselect={false} data={all.map((l) => ({ value: l.id, label: l.product }))} value={of ?? null} onChange={(v) => setChosen(v ?? undefined)} data-autofocus />
      <Problem error={error} retry={() => again({ requestPolicy: 'network-only' })} />
      {!e && fetching && <Waiting rows={4} />}
      {e && (
        <Stack gap="lg" role="status">
          <div>
            <Text fw={600}>{answerOf(e)}</Text>
            {e.consent && <Text size="sm">Her consent: {e.consent}.</Text>}
            {e.missing.length > 0 && <Text size="sm">It needs a seat of {e.missing.map((m, n) => <span key={m.id}>{n > 0 && ' and '}<Anchor size="sm" underline="always" href={`#/licenses/${m.id}`}>{m.product}</Anchor></span>)}, which she has not.</Text>}
          </div>
          <section aria-labelledby="why-reasons">
            <Title order={3} mb={4} id="why-reasons">Reasons</Title>
            {e.claims.length === 0 && <Text size="sm" c="dimmed">None.</Text>}
            {e.claims.map((c, n) => (
              <Text size="sm" key={n} component="div">{c.scimConfig ? <>the configuration <Anchor size="sm" underline="always" href={`#/scim/${c.scimConfig.id}`}>{c.scimConfig.name}</Anchor> assigns it</> : c.rule ? <>the rule <Anchor size="sm" underline="always" href={`#/rules/${c.rule.id}`}>{c.rule.name}</Anchor> gives it</> : reasonOf(c.reason)}, since <When at={c.since} /></Text>
            ))}
          </section>
          {e.rules.length > 0 && (
            <section aria-labelledby="why-rules">
              <Title order={3} mb={4} id="why-rules">Rules of the license</Title>
              {e.rules.map((r) => (
                <Group key={r.rule.id} gap="xs" align="baseline">
                  <Badge variant="light" color={r.verdict === 'GIVES' ? 'usher' : 'gray'}>{r.verdict === 'GIVES' ? 'yes' : 'no'}</Badge>
                  <Text size="sm" flex={1} miw={220}><Anchor size="sm" underline="always" href={`#/rules/${r.rule.id}`}>{r.rule.name}</Anchor> {verdicts[r.verdict]}{r.filter && <> (<code className="mono">{r.filter}</code>)</>}.</Text>
                </Group>
              ))}
            </section>
          )}
          <section aria-labelledby="why-steps">
            <Title order={3} mb={4} id="why-steps">Steps of the seat</Title>
            {e.steps.length === 0 ? <Text size="sm" c="dimmed">She never had one.</Text> : <Steps of={e.steps} />}
          </section>
        </Stack>
      )}
    </Stack>
  );
}

function Steps({ of }: { of: Explanation['steps'] }) {
  return (
    <Table.ScrollContainer minWidth={560} scrollAreaProps={scrolled}>
      <Table>
        <Table.Thead><Table.Tr><Table.Th>When</Table.Th><Table.Th>Became</Table.Th><Table.Th>Why</Table.Th><Table.Th>From</Table.Th></Table.Tr></Table.Thead>
        <Table.Tbody>
          {of.map((s) => {
            const state = s.now.toUpperCase();
            return (
              <Table.Tr key={s.eventId + s.at}>
                <Table.Td><When at={s.at} /></Table.Td>
                <Table.Td>{state in states ? <StateLabel state={state as keyof typeof states} /> : s.now}</Table.Td>
                <Table.Td><Text size="sm">{reasonOf(s.cause)}</Text></Table.Td>
                <Table.Td>
                  {s.call ? <div><Text size="sm" className="mono">{s.call.method} {s.call.path}</Text><CallStatus call={s.call} /></div>
                    : <Text size="sm" c="dimmed">{s.event ? `${wordsFor(s.event.kind)}, by ${s.event.actorKind === 'worker' ? 'Usher' : s.event.actorName || s.event.actorKind}` : ''}</Text>}
                </Table.Td>
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
