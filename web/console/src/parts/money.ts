export function money(minor: number, currency: string): string {
  const format = new Intl.NumberFormat('en', { style: 'currency', currency });
  const whole = minor / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2);
  return Number.isInteger(whole) ? new Intl.NumberFormat('en', { style: 'currency', currency, maximumFractionDigits: 0 }).format(whole) : format.format(whole);
}

// percent shows a rate; what is unknown is a dash.
export function percent(rate: number | null | undefined): string {
  return rate === null || rate === undefined ? '–' : `${(100 * rate).toLocaleString('en', { maximumFractionDigits: rate < 0.1 ? 1 : 0 })} %`;
}
