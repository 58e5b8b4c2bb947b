import { Alert, Anchor, Button, Group, Select, Stack, Stepper, Switch, Text, TextInput, ThemeIcon } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useMutation, useQuery, type CombinedError } from 'urql';
import { graphql } from '../gql';
import type { IdentityProvider } from '../gql/graphql';
import { useBeat } from '../live';
import { Copy } from '../parts/copy';
import { Icon } from '../parts/icon';
import { Problem } from '../parts/problem';
import { number } from '../parts/seats';
import { When } from '../parts/time';
import { guideOf, providers } from './configurations';

const LicenseChoices = graphql(`query LicenseChoices { licenses(first: 100) { nodes { id product free total } } }`);
const Create = graphql(`
  mutation CreateConfiguration($input: CreateScimConfigInput!) { createScimConfig(input: $input) { scimConfig { id name baseUrl } } }
`);
export const IssueToken = graphql(`
  mutation IssueScimToken($id: ID!, $name: String!, $days: Int) { issueScimToken(input: { scimConfigId: $id, name: $name, days: $days }) { secret token { id expiresAt } } }
`);
const ChecksQuery = graphql(`
  query Checks($id: ID!) {
    node(id: $id) {
      __typename
      ... on ScimConfig {
        id
        recognized { provider }
        probe: calls(first: 1, direction: ASCENDING, filter: { probe: true }) { nodes { id at status } }
        lookups: calls(first: 1, direction: ASCENDING, filter: { method: "GET", probe: false, status: 200 }) { nodes { id at } }
        users: calls(first: 1, direction: ASCENDING, filter: { method: "POST", path: "/Users", status: 201 }) { nodes { id at } }
        groups: calls(first: 1, direction: ASCENDING, filter: { method: "POST", path: "/Groups", status: 201 }) { nodes { id at } }
        refused: calls(first: 1, filter: { refused: true }) { nodes { id at status detail } }
      }
    }
  }
`);

interface Made {
  id: string;
  name: string;
  baseUrl: string;
  secret: string;
  expiresAt: string;
}

const hints: Record<IdentityProvider, string> = {
  OKTA: 'In Okta: the app → Provisioning → Integration → Configure API Integration. Paste the base URL and the token, and press “Test API Credentials”.',
  ENTRA: 'In Entra: the enterprise application → Provisioning → Get started → Automatic. Paste both as Tenant URL and Secret Token, and press “Test Connection”.',
  ONELOGIN: 'In OneLogin: the app → Configuration. Paste both as SCIM Base URL and SCIM Bearer Token, and press “Enable”.',
  OTHER: 'Paste both where your provider asks for the address of the SCIM service and for its bearer token.',
};

// AddConfiguration is the way from nothing to a provider that works: name it, give it a license, copy its token, watch it call.
export function AddConfiguration({ done }: { done: () => void }) {
  const [step, setStep] = useState(0);
  const [name, setName] = useState('');
  const [provider, setProvider] = useState<IdentityProvider>('OKTA');
  const [assigns, setAssigns] = useState(true);
  const [license, setLicense] = useState<string | null>(null);
  const [made, setMade] = useState<Made>();
  const [error, setError] = useState<CombinedError>();
  const [busy, setBusy] = useState(false);
  const [choices] = useQuery({ query: LicenseChoices });
  const [, create] = useMutation(Create);
  const [, issue] = useMutation(IssueToken);
  const licenses = choices.data?.licenses.nodes ?? [];
  const chosen = licenses.find((l) => l.id === license);
  const only = licenses.length === 1 ? licenses[0]!.id : null;
  useEffect(() => { if (only) setLicense((was) => was ?? only); }, [only]);
  const make = async () => {
    setBusy(true);
    setError(undefined);
    const c = await create({ input: { name, identityProvider: provider, autoAssign: assigns, licenseId: assigns ? license : null } });
    const config = c.data?.createScimConfig.scimConfig;
    if (!config) {
      setBusy(false);
      setError(c.error);
      return;
    }
    const t = await issue({ id: config.id, name: `${name}, first token` });
    setBusy(false);
    if (!t.data) {
      setError(t.error);
      return;
    }
    setMade({ ...config, secret: t.data.issueScimToken.secret, expiresAt: t.data.issueScimToken.token.expiresAt });
    setStep(2);
  };
  return (
    <Stack>
      <Stepper active={step} size="xs" iconSize={26}>
        <Stepper.Step label="Provider" />
        <Stepper.Step label="Seats" />
        <Stepper.Step label="Token" />
        <Stepper.Step label="Live checks" />
      </Stepper>
      {step === 0 && (
        <form onSubmit={(e) => { e.preventDefault(); setStep(1); }}>
          <Stack>
            <Select label="Identity provider" data={Object.entries(providers).map(([value, label]) => ({ value, label }))} value={provider} allowDeselect={false}
              onChange={(v) => setProvider((v ?? 'OTHER') as IdentityProvider)} data-autofocus />
            <TextInput label="Name" description="As you will find it again, such as “Okta, Sales”" required maxLength={200} value={name} onChange={(e) => setName(e.currentTarget.value)} />
            <Group justify="flex-end"><Button type="submit" disabled={!name.trim()}>Next</Button></Group>
          </Stack>
        </form>
      )}
      {step === 1 && (
        <form onSubmit={(e) => { e.preventDefault(); void make(); }}>
          <Stack>
            <Switch label="Auto-assign: whoever comes through this configuration gets a seat" checked={assigns} onChange={(e) => setAssigns(e.currentTarget.checked)} />
            {assigns && (
              <Select label="License" required placeholder={licenses.length ? 'Choose one' : 'There is no license yet'} value={license} onChange={setLicense}
                data={licenses.map((l) => ({ value: l.id, label: `${l.product} (${number(l.free)} of ${number(l.total)} free)` }))} />
            )}
            {assigns && chosen?.free === 0 && <Text size="sm" c="orange">No seat is free: people will be made, and wait in line until one is.</Text>}
            {!assigns && <Text size="sm" c="dimmed">People and groups will be there without seats. You can give them by hand, or switch this on later.</Text>}
            <Problem error={error} />
            <Group justify="space-between">
              <Button variant="default" onClick={() => setStep(0)}>Back</Button>
              <Button type="submit" loading={busy} disabled={assigns && !license}>Generate token</Button>
            </Group>
          </Stack>
        </form>
      )}
      {step === 2 && made && (
        <Stack>
          <Alert color="orange" icon={<Icon name="key" />}>The token is shown this once and stored nowhere. Copy it now; lost, it is replaced by a new one.</Alert>
          <Copy label="Base URL" value={made.baseUrl} />
          <Copy label="Token" value={made.secret} hint={`Good until ${new Date(made.expiresAt).toLocaleDateString()}. You will be warned here a month before.`} />
          <Text size="sm">{hints[provider]} <Anchor size="sm" underline="always" href={`#/guides/${guideOf[provider]}?config=${made.id}`} target="_blank" rel="noopener">The whole guide, in a new tab</Anchor></Text>
          <Group justify="flex-end"><Button onClick={() => { setMade({ ...made, secret: '' }); setStep(3); }}>I have pasted both</Button></Group>
        </Stack>
      )}
      {step === 3 && made && (
        <Stack>
          <Text size="sm">Now let {providers[provider] === providers.OTHER ? 'your provider' : providers[provider]} test the connection and assign somebody. Each line turns green by itself.</Text>
          <LiveChecks id={made.id} />
          <Group justify="flex-end"><Button component="a" href={`#/scim/${made.id}`} variant="default" onClick={done}>Open the configuration</Button><Button onClick={done}>Done</Button></Group>
        </Stack>
      )}
    </Stack>
  );
}

// LiveChecks turn green as the calls of a provider arrive. Calls are in no journal, so that they are asked for every two seconds.
export function LiveChecks({ id }: { id: string }) {
  const [{ data, error }, again] = useQuery({ query: ChecksQuery, variables: { id } });
  const config = data?.node?.__typename === 'ScimConfig' ? data.node : undefined;
  const all = !!config && [config.probe, config.lookups, config.users, config.groups].every((c) => c.nodes.length > 0);
  useBeat(() => again({ requestPolicy: 'network-only' }));
  useEffect(() => {
    if (all) {
      return undefined;
    }
    const timer = setInterval(() => { if (!document.hidden) again({ requestPolicy: 'network-only' }); }, 2000);
    return () => clearInterval(timer);
  }, [all, again]);
  const refused = config?.refused.nodes[0];
  return (
    <Stack gap="sm" role="status" aria-label="Live checks">
      <Problem error={error} />
      <Check label="Connection test" waits="Press the test button of your provider" at={config?.probe.nodes[0]?.at} />
      <Check label="First look-up" waits="The provider asks who is here already" at={config?.lookups.nodes[0]?.at} />
      <Check label="First person" waits="Assign somebody to the app" at={config?.users.nodes[0]?.at} />
      <Check label="First group" waits="Push a group, if you want groups" at={config?.groups.nodes[0]?.at} />
      {refused && <Alert color="orange" icon={<Icon name="warn" />} title={`The last refused call was answered ${refused.status}`}><Text size="sm">{refused.detail} (<When at={refused.at} />)</Text></Alert>}
    </Stack>
  );
}

function Check({ label, waits, at }: { label: string; waits: string; at: string | undefined }) {
  return (
    <Group gap="sm" wrap="nowrap">
      <ThemeIcon radius="xl" size={26} variant={at ? 'filled' : 'default'} color="teal"><Icon name={at ? 'check' : 'wait'} size={15} /></ThemeIcon>
      <div>
        <Text size="sm" fw={550}>{label}</Text>
        <Text size="xs" c="dimmed" component="div">{at ? <>came <When at={at} size="xs" /></> : waits}</Text>
      </div>
    </Group>
  );
}
