// Days of reports are the tenant's: they begin at midnight in its time zone, wherever the reader is.

// today is the tenant's day now, as YYYY-MM-DD.
export function today(zone: string, now = new Date()): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(now);
}

// endOf is the last moment of a day, or now where the day is not over.
export function endOf(day: string, zone: string): string {
  const next = new Date(Date.parse(day + 'T00:00:00Z') + 86_400_000);
  let at = new Date(next.getTime() - offset(zone, next));
  at = new Date(next.getTime() - offset(zone, at)); // once more, should the clocks change in between
  return new Date(Math.min(at.getTime() - 1, Date.now())).toISOString();
}

// offset is how far the clocks of a zone are before UTC at a moment, in milliseconds.
function offset(zone: string, at: Date): number {
  const parts = Object.fromEntries(new Intl.DateTimeFormat('en-US', {
    timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric',
  }).formatToParts(at).map((p) => [p.type, Number(p.value)]));
  return Date.UTC(parts['year']!, parts['month']! - 1, parts['day'], parts['hour'], parts['minute'], parts['second']) - Math.floor(at.getTime() / 1000) * 1000;
}

// wellFormed tells a day from whatever else may stand in an address.
export function wellFormed(day: string | null): day is string {
  return !!day && /^\d{4}-\d{2}-\d{2}$/.test(day) && !Number.isNaN(Date.parse(day + 'T00:00:00Z'));
}

const shown = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' });

export function nameOfDay(day: string): string {
  return shown.format(new Date(day + 'T00:00:00Z'));
}
