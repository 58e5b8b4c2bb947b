import { Group, Text, Tooltip } from '@mantine/core';
import type { SeatState } from '../gql/graphql';

// One visual language for seats: these names and colors, everywhere.
export const states: Record<SeatState, { label: string; color: string; means: string }> = {
  ACTIVATED: { label: 'Activated', color: 'var(--seat-activated)', means: 'Has used the product.' },
  INVITED: { label: 'Invited', color: 'var(--seat-invited)', means: 'Has the seat and has not used the product yet.' },
  CONSENT_PENDING: { label: 'Consent pending', color: 'var(--seat-consent)', means: 'The seat is kept until she agrees.' },
  PAUSED: { label: 'Paused', color: 'var(--seat-paused)', means: 'Kept and closed: the last step before it is taken back for want of use.' },
  GRACE: { label: 'In grace', color: 'var(--seat-grace)', means: 'Kept for a leaver for some days, should she come back.' },
  WAITING: { label: 'Waiting', color: 'var(--seat-waiting)', means: 'Should have a seat; gets the next one that is free.' },
  RELEASED: { label: 'Released', color: 'var(--seat-free)', means: 'Had a seat once.' },
};

export const taken: SeatState[] = ['ACTIVATED', 'INVITED', 'CONSENT_PENDING', 'PAUSED', 'GRACE'];

const reasons: Record<string, string> = {
  'reclaim: idle': 'not used for too long', 'reclaim: never_activated': 'invited too long ago',
  'reclaimed: idle': 'taken back, not used for too long', 'reclaimed: never_activated': 'taken back, invited too long ago',
  configuration: 'a SCIM configuration assigns it', hand: 'given by hand', rule: 'a rule gives it', deactivated: 'she was deactivated', deleted: 'she was deleted', blocked: 'she was blocked',
  activated: 'she has used the product', request: 'the provider asks for it', idle: 'not used for too long', never_activated: 'invited too long ago', reactivated: 'she came back', left: 'her provider let go of her', grace_ended: 'the grace is over', promoted: 'was next in line', 'released by hand': 'released by hand',
};

// reasonOf says in words why a seat is as it is.
export function reasonOf(reason: string): string {
  return reasons[reason] ?? reason.replace(/_/g, ' ');
}

export interface Counts {
  id: string;
  product: string;
  total: number;
  taken: number;
  free: number;
  waiting: number;
  overAssigned: number;
  activated: { totalCount: number };
  invited: { totalCount: number };
  consent: { totalCount: number };
  paused: { totalCount: number };
  grace: { totalCount: number };
}

export function countOf(l: Counts, state: SeatState): number {
  switch (state) {
    case 'ACTIVATED':
      return l.activated.totalCount;
    case 'INVITED':
      return l.invited.totalCount;
    case 'CONSENT_PENDING':
      return l.consent.totalCount;
    case 'PAUSED':
      return l.paused.totalCount;
    case 'GRACE':
      return l.grace.totalCount;
    case 'WAITING':
      return l.waiting;
    default:
      return 0;
  }
}

export function number(n: number): string {
  return n.toLocaleString('en');
}

export function Swatch({ state }: { state: SeatState }) {
  return <span className={state === 'INVITED' ? 'swatch invited-pattern' : 'swatch'} style={{ backgroundColor: states[state].color }} />;
}

// SeatState names a state with its color, and says what it means on hover.
export function StateLabel({ state }: { state: SeatState }) {
  return (
    <Tooltip label={states[state].means}>
      <Text component="span" size="sm" style={{ whiteSpace: 'nowrap' }}><Swatch state={state} />{states[state].label}</Text>
    </Tooltip>
  );
}

// SeatBar shows the seats of a license: what is taken, by state, and what is free. Each number leads to the list behind it.
export function SeatBar({ license, legend = true }: { license: Counts; legend?: boolean }) {
  const shown = taken.map((state) => ({ state, count: countOf(license, state) })).filter((s) => s.count > 0);
  const whole = Math.max(license.total, license.taken, 1);
  const says = shown.map((s) => `${number(s.count)} ${states[s.state].label.toLowerCase()}`).concat(`${number(license.free)} free`, `${number(license.waiting)} waiting`).join(', ');
  return (
    <div>
      <div className="seat-bar" role="img" aria-label={`${license.product}: ${number(license.total)} seats, ${says}`}>
        {shown.map((s) => (
          <Tooltip key={s.state} label={`${number(s.count)} ${states[s.state].label.toLowerCase()}. ${states[s.state].means}`}>
            <span className={s.state === 'INVITED' ? 'invited-pattern' : undefined} style={{ width: `${(100 * s.count) / whole}%`, backgroundColor: states[s.state].color }} />
          </Tooltip>
        ))}
      </div>
      {legend && (
        <Group gap="lg" mt={8}>
          {shown.map((s) => (
            <LegendLink key={s.state} href={`#/licenses/${license.id}?state=${s.state}`} color={states[s.state].color} count={s.count} label={states[s.state].label} pattern={s.state === 'INVITED'} />
          ))}
          <Text size="sm"><span className="swatch" style={{ backgroundColor: 'var(--seat-free)' }} /><b>{number(license.free)}</b> Free</Text>
          {license.waiting > 0 && <LegendLink href={`#/licenses/${license.id}?state=WAITING`} color="var(--seat-waiting)" count={license.waiting} label="Waiting" />}
        </Group>
      )}
    </div>
  );
}

function LegendLink({ href, color, count, label, pattern }: { href: string; color: string; count: number; label: string; pattern?: boolean }) {
  return (
    <Text size="sm" component="a" href={href} style={{ color: 'inherit', textDecoration: 'none' }} className="legend-link">
      <span className={pattern ? 'swatch invited-pattern' : 'swatch'} style={{ backgroundColor: color }} />
      <b>{number(count)}</b> {label}
    </Text>
  );
}
