import { List, Table } from '@mantine/core';
import type { ReactNode } from 'react';
import type { IdentityProvider } from '../gql/graphql';
import { scrolled } from '../parts/page';

export interface Guide {
  provider: IdentityProvider;
  name: string;
  short: string;
  says: string;
  baseCalled: string; // what the provider calls the base URL
  tokenCalled: string;
  steps: (ReactNode | ((base: string) => ReactNode))[];
  outcomes: [string, string][]; // what is done there, what comes of it here
  amiss: [string, ReactNode][];
}

const mono = (text: string) => <code className="mono">{text}</code>;

function Values({ of }: { of: [string, ReactNode][] }) {
  return (
    <Table.ScrollContainer minWidth={420} mt="xs" scrollAreaProps={scrolled}>
      <Table withTableBorder verticalSpacing={6}>
        <Table.Tbody>{of.map(([name, value]) => <Table.Tr key={name}><Table.Th scope="row" w={220}>{name}</Table.Th><Table.Td>{value}</Table.Td></Table.Tr>)}</Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

const inLine: [string, ReactNode] = ['A person is here without a seat', 'The license is full: she waits in line, and gets the first seat that is free. The page of the license shows the line, and who could give a seat back.'];

const okta: Guide = {
  provider: 'OKTA', name: 'Okta', short: 'Okta', baseCalled: 'SCIM connector base URL', tokenCalled: 'Authorization (HTTP Header)',
  says: 'Okta sends people as they are assigned to the app, and groups as they are pushed.',
  steps: [
    <>In Okta&apos;s admin console open the app, tab <b>Provisioning</b>, <b>Integration</b>, and press <b>Configure API Integration</b>.</>,
    (base) => <>Fill in: <Values of={[
      ['SCIM connector base URL', mono(base)], ['Unique identifier field', mono('userName')], ['Supported actions', 'Import new users and profile updates, push new users, push profile updates, push groups'],
      ['Authentication mode', 'HTTP Header'], ['Authorization', 'the token, with or without “Bearer” in front of it'],
    ]} />{base.startsWith('http:') && <> Okta wants an address that begins with https.</>}{/_/.test(base) && <> Okta takes no address with an underscore in it.</>}</>,
    <>Press <b>Test Connector Configuration</b>. Okta sends one list of two people and nothing else, whatever it ticks; the live checks of the configuration turn green.</>,
    <>Tab <b>Provisioning</b>, <b>To App</b>: enable <i>Create Users</i>, <i>Update User Attributes</i> and <i>Deactivate Users</i>.</>,
    <>Assign people or groups under <b>Assignments</b>, and push groups under <b>Push Groups</b>. Use different Okta groups for the two: with one for both, removals get lost.</>,
  ],
  outcomes: [
    ['assigned', 'created, or taken over if she is here; a seat or a place in line'], ['profile changed', 'the same; the seat stays'], ['unassigned, deactivated', 'the seat is free at once; she and her groups stay'],
    ['suspended', 'nothing: Okta sends nothing, and she keeps her seat'], ['assigned again', 'the same person and groups, and a seat or a place in line'], ['group pushed, changed', 'members follow; who has not come yet has her place kept'],
    ['“Push Now”, first push of a linked group', 'the list is the whole list: members by hand go, unless the configuration leaves them'],
  ],
  amiss: [
    ['Nobody comes who was assigned before provisioning was on', <>A forced sync does not create them: press <b>Provision User</b> on the assignment.</>],
    ['A task has failed', 'Okta tries nothing again by itself after most refusals. The calls of the configuration say what was wrong; set it right and retry the task under Dashboard, Tasks.'],
    ['401, credentials invalid', 'The token has ended, was revoked, or was not pasted whole. Make a new one; two may be live at once.'],
    ['409, uniqueness', <>Somebody with this user name is here already and Okta did not find her. Set the unique identifier to {mono('userName')}.</>],
    ['A member is missing in a pushed group', 'She has to be in the Okta group, assigned to the app, and active: Okta leaves out who is not and says nothing. The page of the group shows whom it waits for.'],
    ['A push fails with 404', 'The group was deleted here. Unlink it in Okta and push it anew.'],
    ['Removals do not arrive', 'The same Okta group is used for assignment and for push. Use two.'],
    inLine,
  ],
};

const entra: Guide = {
  provider: 'ENTRA', name: 'Microsoft Entra ID', short: 'Entra', baseCalled: 'Tenant URL', tokenCalled: 'Secret Token',
  says: 'Entra compares about every 40 minutes, and sends what differs.',
  steps: [
    <>In the Entra admin center make an enterprise application of your own (<i>non-gallery</i>), and open <b>Provisioning</b>, mode <i>Automatic</i>.</>,
    (base) => <>Fill in, and press <b>Test Connection</b>: <Values of={[['Tenant URL', mono(base)], ['Secret Token', 'the token'], ['Notification Email', 'set it: one mail when the job is quarantined is all that Entra sends']]} /></>,
    <>
      <b>Mappings</b>: keep the defaults. What matters:
      <Values of={[
        ['userPrincipalName', <>{mono('userName')}, the matching attribute</>], ['Switch([IsSoftDeleted], …)', <>{mono('active')}: without it Entra deletes people whom it should disable</>],
        ['mail', mono('emails[type eq "work"].value')], ['manager', 'as a reference'], ['Groups: members', 'as a reference, as by default'],
      ]} />
    </>,
    <><b>Users and groups</b>: assign people and groups with a role such as <i>User</i>. <i>Default Access</i> provisions nobody.</>,
    <>Try one person with <b>Provision on demand</b>, watch the live checks, then start the provisioning. The first cycle takes everybody in scope.</>,
  ],
  outcomes: [
    ['assigned, comes into scope', 'created, or taken over as she is; a seat or a place in line'], ['unassigned, disabled, in the recycle bin', 'the seat is free at once; she and her groups stay'],
    ['restored, assigned again', 'the same person and groups, and a seat or a place in line'], ['deleted for good', 'gone; the name is free'], ['group', 'made without members, which follow one or many at a time'],
    ['attribute cleared', 'stays as it was: Entra skips empty values'],
  ],
  amiss: [
    ['The job is in quarantine', <>The token is bad or has ended, or the address is not found, or too much fails. Cycles become rare, and after 28 days the job is disabled. Put in a new token and press <b>Restart provisioning</b>.</>],
    ['401', 'The token has ended or was revoked. The tokens of the configuration say when each ends.'],
    ['Nobody is provisioned', <>They are assigned with <i>Default Access</i>, or a scoping filter leaves them out, or they were disabled from the start.</>],
    ['Members of a nested group are missing', 'Entra does not expand nested groups: assign the inner one.'],
    ['A member or manager is missing who came later', 'Entra does not write such references afterwards: restart the provisioning. What came for somebody who is not here yet is not lost: the group shows it as parked.'],
    ['A group loses its members when one is added', <>Entra has replaced the list, most likely because {mono('members')} is mapped as a plain attribute: map it as a reference.</>],
    ['409, uniqueness', <>Somebody else has the user name, or another group the name. Match by {mono('userName')} to take her over.</>],
    inLine,
  ],
};

const template = `{
  "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User",
              "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
  "userName": "{$parameters.scimusername}",
  "active": "{$user.active}",
  "name": {"givenName": "{$user.firstname}", "familyName": "{$user.lastname}"},
  "emails": [{"value": "{$user.email}", "type": "work", "primary": true}],
  "title": "{$parameters.title}",
  "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
    "department": "{$parameters.department}",
    "manager": {"value": "{$parameters.external_manager_id}"}
  }
}`;

const onelogin: Guide = {
  provider: 'ONELOGIN', name: 'OneLogin', short: 'OneLogin', baseCalled: 'SCIM Base URL', tokenCalled: 'SCIM Bearer Token',
  says: 'OneLogin sends people by a template of yours, and reads the groups that are here so that its rules can fill them.',
  steps: [
    <><b>Applications</b>, <b>Add App</b>: <i>SCIM Provisioner with SAML (SCIM v2 Enterprise, full SAML)</i>. <i>SCIM v2 Core</i> works, too; the <i>v1.1</i> connector has no departments and managers.</>,
    (base) => <>Tab <b>Configuration</b>: <Values of={[['SCIM Base URL', mono(base)], ['SCIM Bearer Token', 'the token']]} /></>,
    <>SCIM JSON Template, what is sent of each person, such as <pre className="attributes mono quiet" tabIndex={0}>{template}</pre> Groups do not belong into it.</>,
    <>API connection: <b>Enable</b>. OneLogin looks for somebody who cannot be here; an empty list is what it wants, and the live checks turn green.</>,
    <>Tab <b>Parameters</b>: {mono('scimusername')} is what people are found by. In the row <b>Groups</b> tick <i>Include in User Provisioning</i>.</>,
    <>Tab <b>Provisioning</b>: enable it; choose what needs an approval, and what happens when a person is deleted: <i>Suspend</i>, <i>Delete</i> or <i>Do Nothing</i>. Then press <b>Refresh entitlements</b>.</>,
    <>Tab <b>Rules</b>: map roles to groups. Assign people or roles to the application.</>,
  ],
  outcomes: [
    ['assigned', 'created, or taken over; a seat or a place in line'], ['changed', 'the same; what the template has empty is empty'], ['suspended, or deleted with “Suspend”', 'the seat is free at once; she and her groups stay'],
    ['let in again', 'the same person and groups, and a seat or a place in line'], ['deleted with “Delete”', 'gone; the name is free'], ['deleted with “Do Nothing”', 'stays, with her seat'],
  ],
  amiss: [
    ['Nothing happens', <>The task waits for an approval, under <b>Provisioning</b> or as <i>Pending</i> beside the person. Or the API connection is not enabled.</>],
    ['A group is not offered', <>Press <b>Refresh entitlements</b> again: OneLogin does not look by itself.</>],
    ['A group has no members from OneLogin', <><i>Include in User Provisioning</i> is not ticked, or no rule names the group.</>],
    ['400, invalidValue', 'The template has something that is no such value. The calls of the configuration name the attribute.'],
    ['An attribute vanishes', 'The template does not name it, and OneLogin replaces people whole.'],
    inLine,
  ],
};

export const guides: Record<string, Guide> = { okta, entra, onelogin };

export const other: Guide = {
  provider: 'OTHER', name: 'another provider', short: 'the provider', baseCalled: 'Base URL', tokenCalled: 'Bearer token',
  says: 'Whatever speaks SCIM 2.0 can be connected. JumpCloud, Google, PingFederate and authentik are recognized by what they send.',
  steps: [
    (base) => <>Where the provider asks for the address of the SCIM service: {mono(base)}. It is the whole base; {mono('/Users')} and {mono('/Groups')} are added by the provider.</>,
    <>Where it asks for how to sign in: a bearer token (OAuth bearer, HTTP header), never Basic. Paste the token.</>,
    <>Match people by {mono('userName')}, and test the connection: the live checks of the configuration turn green as calls arrive.</>,
    <>
      What it may send:
      <List size="sm" withPadding>
        <List.Item>people by POST, PUT, PATCH and DELETE; {mono('active')} false frees the seat and keeps the person</List.Item>
        <List.Item>groups and their members, also before the members come</List.Item>
        <List.Item>filters, pages, cursors, {mono('/Bulk')}, conditional requests</List.Item>
      </List>
    </>,
  ],
  outcomes: [
    ['POST of a person', 'created, or a seat and a place in line for who is here already'], ['“active” false', 'the seat is free at once; she and her groups stay'], ['“active” true', 'the same person and groups, and a seat or a place in line'],
    ['DELETE of a person', 'gone; the name is free'], ['PUT of a group', 'the list is the whole list, unless the configuration leaves members by hand'],
  ],
  amiss: [
    ['A call is refused', 'The calls of the configuration show each with what the provider was told, and what to do about it.'],
    ['The configuration warns', 'The calls are of another provider than the one that is set, or the preset is. Set right what it says, or leave it: everything known is taken as it comes.'],
    inLine,
  ],
};
