import { readdirSync, readFileSync } from 'fs';
import { join } from 'path';
import { CommandIDs } from '../tokens';

const FOLDER = join(__dirname, '..', '..', 'schema');
const files = readdirSync(FOLDER).filter(name => name.endsWith('.json'));

function commandsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) {
    return [];
  }
  return Object.entries(value).flatMap(([key, item]) =>
    key === 'command' && typeof item === 'string' ? [item] : commandsIn(item)
  );
}

describe('the settings schemas', () => {
  it.each(files)('%s names only commands that exist', name => {
    const schema: unknown = JSON.parse(
      readFileSync(join(FOLDER, name), 'utf8')
    );
    const known: string[] = Object.values(CommandIDs);
    for (const command of commandsIn(schema)) {
      expect(known).toContain(command);
    }
  });

  it.each(files)('%s refuses settings that do not exist', name => {
    const schema = JSON.parse(readFileSync(join(FOLDER, name), 'utf8')) as {
      additionalProperties?: boolean;
    };
    expect(schema.additionalProperties).toBe(false);
  });
});
