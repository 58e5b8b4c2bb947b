// The few icons of the console, drawn on a grid of 24. They say nothing that the words beside them do not.
const paths = {
  overview: 'M4 13h6V4H4zM14 20h6V4h-6zM4 20h6v-4H4z',
  plug: 'M9 3v5M15 3v5M6 8h12v3a6 6 0 0 1-12 0zM12 17v4',
  person: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20.5c1-4 4-5.5 7.5-5.5s6.500 1.500 7.500 5.500',
  people: 'M9 11a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7zM2.500 20c.8-3.800 3.300-5.500 6.500-5.500s5.700 1.700 6.500 5.500M16 4.300a3.500 3.500 0 0 1 0 6.500M17.500 14.800c2.200.6 3.500 2.300 4 5.200',
  seat: 'M7 4v9h10V4M5 13h14v3H5zM7 16v4M17 16v4',
  activity: 'M3 12h4l3-8 4 16 3-8h4',
  chart: 'M4 20V4M4 20h16M8 16v-4M12 16V8M16 16v-6',
  key: 'M8 16a4.500 4.500 0 1 0 0-9 4.500 4.500 0 0 0 0 9zM12.500 11.500H21v3.500M17 11.500v3',
  sun: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M19 5l-2 2M7 17l-2 2',
  moon: 'M20 14.500A8.500 8.500 0 0 1 9.500 4a8.500 8.500 0 1 0 10.500 10.500z',
  check: 'M5 12.500l4.500 4.500L19 7.500',
  copy: 'M8 8h11v12H8zM5 16H4V4h11v1',
  warn: 'M12 4l9 16H3zM12 10v4.500M12 17.300v.2',
  wait: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3.500 2',
  plus: 'M12 5v14M5 12h14',
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  back: 'M15 5l-7 7 7 7',
  search: 'M10.500 17a6.500 6.500 0 1 0 0-13 6.500 6.500 0 0 0 0 13zM15.500 15.500L20 20',
};

export type IconName = keyof typeof paths | 'logo';

export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  if (name === 'logo') {
    return (
      <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
        <rect width="32" height="32" rx="7" fill="#0b6b5d" />
        <path d="M9 8v9a7 7 0 0 0 14 0V8" fill="none" stroke="#fff" strokeWidth="3.4" strokeLinecap="round" />
        <circle cx="16" cy="9.5" r="2.3" fill="#f2c14e" />
      </svg>
    );
  }
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth={name === 'more' ? 2.6 : 1.7} strokeLinecap="round" strokeLinejoin="round" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}
