import { Alert } from '@mantine/core';
import { Icon } from './icon';

// GroupsOnly says whom the figures are of, and why others are not there.
export function GroupsOnly() {
  return (
    <Alert color="blue" icon={<Icon name="people" />} title="Of the people of your groups">
      Everything here counts the people who are in your groups today, also those in groups within them, and nobody else. What was bought, free seats, costs,
      the course over time and forecasts are not here: these figures are of the whole license. Administrators who see all reports have them.
    </Alert>
  );
}
