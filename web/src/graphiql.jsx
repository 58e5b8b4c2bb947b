import { useMemo, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { GraphiQL } from 'graphiql';
import 'graphiql/graphiql.css';
import './graphiql.css';

const welcome = `# Put an access token into the field above; "usher serve --demo" prints one.
# Ctrl-Enter runs the query, Ctrl-Space completes it.
{
  viewer { kind name scopes }
  licenses { nodes { product total taken free waiting } }
  users(first: 10) {
    totalCount
    nodes { userName active seats { state license { product } } groups { nodes { displayName } } }
  }
}
`;

// The token lives as long as the tab: a browser's store is no place for it.
function App() {
  const [token, setToken] = useState('');
  const [taken, setTaken] = useState('');
  const fetcher = useMemo(
    () => async (params) => {
      const answer = await fetch('../graphql', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...(taken && { Authorization: `Bearer ${taken}` }) },
        body: JSON.stringify(params),
      });
      return answer.json();
    },
    [taken],
  );
  return (
    <>
      <form
        className="token"
        onSubmit={(event) => {
          event.preventDefault();
          setTaken(token.trim());
        }}
      >
        <label htmlFor="token">Access token</label>
        <input
          id="token"
          type="password"
          autoComplete="off"
          placeholder="eyJ…"
          value={token}
          onChange={(event) => setToken(event.target.value)}
          onBlur={() => setTaken(token.trim())}
        />
        <button type="submit">Use</button>
      </form>
      <main>
        <GraphiQL key={taken} fetcher={fetcher} defaultQuery={welcome} shouldPersistHeaders={false} />
      </main>
    </>
  );
}

createRoot(document.getElementById('root')).render(<App />);
