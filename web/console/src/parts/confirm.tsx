import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import type { CombinedError } from 'urql';
import { Problem } from './problem';

export interface Question {
  title: string;
  consequence: ReactNode; // what happens, in plain words
  yes: string;
  danger?: boolean;
  type?: string; // what she has to type first, for what cannot be undone
  act: () => Promise<CombinedError | undefined>;
}

// Confirm asks before something that hurts, and says what it does.
export function Confirm({ question, close }: { question: Question | undefined; close: () => void }) {
  return (
    <Modal opened={!!question} onClose={close} title={<Text fw={650}>{question?.title}</Text>}>
      {question && <Asked question={question} close={close} />}
    </Modal>
  );
}

function Asked({ question, close }: { question: Question; close: () => void }) {
  const [error, setError] = useState<CombinedError>();
  const [busy, setBusy] = useState(false);
  const [typed, setTyped] = useState('');
  const ready = !question.type || typed.trim() === question.type;
  const act = async () => {
    setBusy(true);
    const failed = await question.act();
    setBusy(false);
    if (failed) {
      setError(failed);
      return;
    }
    close();
  };
  return (
    <form onSubmit={(e) => { e.preventDefault(); if (ready) void act(); }}>
      <Stack>
        <Text size="sm" component="div">{question.consequence}</Text>
        {question.type && <TextInput label={`Type ${question.type} to go on`} value={typed} onChange={(e) => setTyped(e.currentTarget.value)} autoComplete="off" data-autofocus />}
        <Problem error={error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={close} data-autofocus={question.type ? undefined : true}>Cancel</Button>
          <Button type="submit" color={question.danger ? 'red.8' : undefined} loading={busy} disabled={!ready}>{question.yes}</Button>
        </Group>
      </Stack>
    </form>
  );
}
