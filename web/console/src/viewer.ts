import { createContext, useContext } from 'react';
import type { ViewerQuery } from './gql/graphql';

export type Viewer = ViewerQuery['viewer'] & {
  mayChange: boolean; // otherwise she only looks
  refresh: () => void;
};

export const ViewerContext = createContext<Viewer | undefined>(undefined);

export function useViewer(): Viewer {
  const viewer = useContext(ViewerContext);
  if (!viewer) {
    throw new Error('nobody is signed in here');
  }
  return viewer;
}
