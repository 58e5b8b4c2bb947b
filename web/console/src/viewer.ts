import { createContext, useContext } from 'react';
import type { ViewerQuery } from './gql/graphql';

export type Viewer = ViewerQuery['viewer'] & {
  mayChange: boolean; // otherwise she only looks
  seesAll: boolean; // otherwise she sees reports only
  ofGroups: boolean; // these of the people of some groups alone
  refresh: () => void;
};

// able tells what the console shows somebody. What it does not show, the server refuses.
export function able({ kind, role }: ViewerQuery['viewer']): Pick<Viewer, 'mayChange' | 'seesAll' | 'ofGroups'> {
  return { mayChange: kind === 'operator' || role === 'FULL', seesAll: role !== 'REPORTING' && role !== 'GROUPS', ofGroups: role === 'GROUPS' };
}

export const ViewerContext = createContext<Viewer | undefined>(undefined);

export function useViewer(): Viewer {
  const viewer = useContext(ViewerContext);
  if (!viewer) {
    throw new Error('nobody is signed in here');
  }
  return viewer;
}
