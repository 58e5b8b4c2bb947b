import { createTheme, type MantineColorsTuple } from '@mantine/core';

const usher: MantineColorsTuple = [
  '#e9f7f4', '#d3ece7', '#a4d9cf', '#72c5b5', '#4ab49f', '#2fa990', '#1d9c84', '#0b7f6b', '#0b6b5d', '#075749',
];

export const theme = createTheme({
  primaryColor: 'usher',
  primaryShade: { light: 8, dark: 7 },
  colors: { usher },
  autoContrast: true,
  fontFamily: 'Inter, ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, sans-serif',
  headings: { fontWeight: '650', sizes: { h1: { fontSize: '1.5rem' }, h2: { fontSize: '1.1rem' }, h3: { fontSize: '1rem' } } },
  defaultRadius: 'md',
  components: {
    Table: { defaultProps: { verticalSpacing: 'xs', horizontalSpacing: 'md' } },
    TableScrollContainer: { defaultProps: { scrollAreaProps: { viewportProps: { tabIndex: 0 } } } }, // wide tables are scrolled with keys, too
    Modal: { defaultProps: { centered: true, closeButtonProps: { 'aria-label': 'Close' }, overlayProps: { backgroundOpacity: 0.45 }, attributes: { header: { role: 'presentation' } } } }, // its <header> is no banner of the page
    Badge: { defaultProps: { radius: 'sm' }, styles: { root: { textTransform: 'none', flexShrink: 0, minWidth: 'max-content', fontWeight: 600, letterSpacing: 0 } } },
    Button: { styles: { root: { flexShrink: 0 } } },
    Tooltip: { defaultProps: { openDelay: 250, withArrow: true, multiline: true, maw: 320 } },
  },
});
