import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { topics, type TopicName } from '../../contract/topics.ts';

const repository = path.join(import.meta.dirname, '..', '..');

/** Topics that a file or a folder of the repository names in its code, comments aside. */
export function topicNamesIn(place: string): TopicName[] {
  const full = path.join(repository, place);
  const files = statSync(full).isDirectory()
    ? readdirSync(full, { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.ts'))
        .map((file) => path.join(full, file))
    : [full];
  const code = files.map((file) => readFileSync(file, 'utf8')).join('\n');
  return topics
    .map(({ name }) => name)
    .filter((name) => code.includes(`'${name}'`))
    .sort();
}
