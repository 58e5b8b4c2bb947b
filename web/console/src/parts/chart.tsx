import { Group, Text, useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef, useState, type KeyboardEvent } from 'react';
import UPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

export interface Line {
  label: string;
  color: string; // a variable of the style sheet, such as --seat-invited
  values: (number | null)[];
  stacked?: boolean; // lies on the stacked ones before it
  dashed?: boolean;
  steps?: boolean;
}

export interface ChartProps {
  label: string; // what a screen reader says it is
  days: string[]; // YYYY-MM-DD, the last day of each piece
  names: string[]; // what each piece is called
  lines: Line[];
  show: (value: number | null | undefined) => string;
  most?: number; // the top of the scale, at least
}

// Chart draws lines and stacked areas over time. It is read with the mouse, or with the arrow keys.
export default function Chart({ label, days, names, lines, show, most }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot>(undefined);
  const [at, setAt] = useState<number | null>(null);
  const scheme = useComputedColorScheme('light');
  const seen = at !== null && at < names.length ? at : names.length - 1;
  useEffect(() => {
    const node = place.current;
    if (!node) {
      return undefined;
    }
    const made = draw(node, { days, lines, show, most }, setAt);
    plot.current = made;
    const fit = new ResizeObserver(() => made.setSize({ width: node.clientWidth, height: heightFor(node) }));
    fit.observe(node);
    return () => {
      fit.disconnect();
      made.destroy();
    };
  }, [days, lines, show, most, scheme]);
  const move = (e: KeyboardEvent) => {
    const to = { ArrowLeft: seen - 1, ArrowRight: seen + 1, Home: 0, End: names.length - 1 }[e.key];
    if (to !== undefined) {
      e.preventDefault();
      setAt(Math.min(Math.max(to, 0), names.length - 1));
    }
  };
  return (
    <div>
      <div ref={place} className="chart" role="img" tabIndex={0} aria-label={`${label}. Read it with the arrow keys.`} onKeyDown={move} />
      <Group gap="md" mt={6} className="chart-legend">
        <Text size="sm" fw={600} miw={120} role="status">{names[seen]}</Text>
        {lines.map((l) => (
          <Text size="sm" key={l.label} style={{ whiteSpace: 'nowrap' }}>
            <span className={l.dashed ? 'swatch line' : 'swatch'} style={l.dashed ? { borderTopColor: `var(${l.color})` } : { backgroundColor: `var(${l.color})` }} />{l.label} <b>{show(l.values[seen])}</b>
          </Text>
        ))}
      </Group>
    </div>
  );
}

function heightFor(node: HTMLElement): number {
  return node.clientWidth < 520 ? 200 : 260;
}

function draw(node: HTMLElement, { days, lines, show, most }: Pick<ChartProps, 'days' | 'lines' | 'show' | 'most'>, hovered: (at: number | null) => void): UPlot {
  const style = getComputedStyle(node);
  const color = (name: string) => style.getPropertyValue(name).trim();
  const text = color('--mantine-color-dimmed');
  const grid = { stroke: color('--line'), width: 1 };
  const data: (number | null)[][] = [];
  const sum = days.map(() => 0);
  for (const l of lines) {
    data.push(l.stacked ? l.values.map((v, n) => (sum[n]! += v ?? 0)) : l.values);
  }
  const drawn = lines.map((l, n): UPlot.Series => ({
    label: l.label, stroke: color(l.color), width: l.stacked ? 1 : 2, points: { show: days.length < 3 }, spanGaps: false,
    ...(l.stacked ? { fill: color(l.color) } : {}),
    ...(l.dashed ? { dash: [5, 4] } : {}),
    ...(l.steps ? { paths: UPlot.paths.stepped!({ align: -1 }) } : {}),
    value: (_, v) => show(v ?? null),
    scale: 'y', class: `s${n}`,
  }));
  // What is stacked is drawn from the top: each area covers the one that it lies on.
  const order = lines.map((_, n) => n).sort((a, b) => (lines[a]!.stacked && lines[b]!.stacked ? b - a : lines[a]!.stacked ? -1 : lines[b]!.stacked ? 1 : a - b));
  return new UPlot({
    width: node.clientWidth, height: heightFor(node), legend: { show: false }, padding: [10, 12, 0, 0],
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
    scales: { y: { range: (_u, _min, max) => [0, Math.max(most ?? 0, (max || 1) * 1.06)] } },
    axes: [
      { stroke: text, grid: { show: false }, ticks: grid, font: '12px system-ui' },
      { stroke: text, grid, ticks: { show: false }, size: 48, font: '12px system-ui', values: (_, all) => all.map((v) => show(v)) },
    ],
    series: [{}, ...order.map((n) => drawn[n]!)],
    hooks: { setCursor: [(u) => hovered(u.cursor.idx ?? null)] },
  }, [days.map((d) => Date.parse(d + 'T12:00:00Z') / 1000), ...order.map((n) => data[n]!)] as UPlot.AlignedData, node);
}
