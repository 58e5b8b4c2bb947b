// Spark is a line without axes: how a rate went, at a glance.
export function Spark({ values, color, label }: { values: (number | null)[]; color: string; label: string }) {
  const known = values.map((v, n) => [n, v] as const).filter((p): p is readonly [number, number] => p[1] !== null);
  if (known.length < 2) {
    return null;
  }
  const x = (n: number) => (100 * n) / (values.length - 1);
  const y = (v: number) => 31 - 29 * Math.min(Math.max(v, 0), 1);
  const parts: string[] = [];
  known.forEach(([n, v], i) => parts.push(`${i === 0 || known[i - 1]![0] !== n - 1 ? 'M' : 'L'}${x(n).toFixed(2)} ${y(v).toFixed(2)}`));
  const first = known[0]!;
  const last = known.at(-1)!;
  const whole = known.length === last[0] - first[0] + 1;
  return (
    <svg className="spark" viewBox="0 0 100 32" preserveAspectRatio="none" role="img" aria-label={label}>
      <path d="M0 31H100" stroke="var(--line)" vectorEffect="non-scaling-stroke" />
      {whole && <path d={`${parts.join('')}L${x(last[0])} 31L${x(first[0])} 31Z`} fill={color} opacity={0.14} />}
      <path d={parts.join('')} fill="none" stroke={color} strokeWidth={2} strokeLinejoin="round" vectorEffect="non-scaling-stroke" />
    </svg>
  );
}
