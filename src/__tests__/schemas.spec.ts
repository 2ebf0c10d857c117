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

  it('says of the commands on rows that they come from a menu', () => {
    // Without that they would take what was right-clicked some time ago.
    const onRows = /^studio-(jobs:.*|experiments:open|models:open)$/;
    const entries = files.flatMap(name => {
      const schema = JSON.parse(readFileSync(join(FOLDER, name), 'utf8')) as {
        'jupyter.lab.menus'?: {
          context?: { command?: string; args?: object }[];
        };
      };
      return schema['jupyter.lab.menus']?.context ?? [];
    });
    const found = entries.filter(({ command }) => onRows.test(command ?? ''));
    expect(found.length).toBeGreaterThan(8);
    for (const { args } of found) {
      expect(args).toEqual({ fromMenu: true });
    }
  });

  it.each(files)('%s refuses settings that do not exist', name => {
    const schema = JSON.parse(readFileSync(join(FOLDER, name), 'utf8')) as {
      additionalProperties?: boolean;
    };
    expect(schema.additionalProperties).toBe(false);
  });
});
