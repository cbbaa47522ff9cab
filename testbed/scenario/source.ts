import { readFile } from 'node:fs/promises';
import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type YAMLError } from 'yaml';
import { inWords } from '#runtime/errors.ts';
import { ScenarioError, type Origins, type Path, type Problem, type Side } from './problems.ts';

/** A scenario is written by hand: what is larger is some other file. */
const maxBytes = 1024 * 1024;

/** After these, a text that is no YAML says nothing new. */
const mostSyntaxErrors = 20;

/** The text of a scenario as YAML: its content, and where each part of it stands. */
export class Source implements Origins {
  readonly file: string;
  /** Plain data; --set changes it. */
  readonly content: unknown;
  /** What is wrong with the YAML, without its being unreadable: keys that stand twice. */
  readonly problems: readonly Problem[];
  readonly #text: string;
  readonly #document: Document.Parsed;
  readonly #lines = new LineCounter();
  /** Paths that --set gave, and how it was written. */
  readonly #set: { path: Path; option: string }[] = [];

  /** @throws ScenarioError when the text is no YAML at all */
  constructor(file: string, text: string) {
    this.file = file;
    this.#text = text;
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false });
    const errors = [...this.#document.errors, ...this.#document.warnings];
    const told = errors.map((error) => ({ position: error.pos[0], text: this.#inWords(error) }));
    if (errors.some((error) => error.code !== 'DUPLICATE_KEY')) {
      // One slip often makes several errors of the same words.
      throw new ScenarioError([...new Set(told.slice(0, mostSyntaxErrors).map((error) => error.text))]);
    }
    this.problems = told;
    try {
      // References inside the file (anchors) may not blow it up beyond what a person writes.
      this.content = this.#document.toJS({ maxAliasCount: 100 });
    } catch (error) {
      throw new ScenarioError([`${file}:1:1: ${inWords(error)}`]);
    }
  }

  /** Says that what stands at this path came from the command line. */
  markSet(path: Path, option: string): void {
    this.#set.unshift({ path, option });
  }

  where(path: Path, side: Side = 'value'): string {
    const option = this.#optionOf(path);
    if (option !== undefined) return option;
    const { line, col } = this.#lines.linePos(this.#offset(path, side));
    return `${this.file}:${line}:${col}`;
  }

  position(path: Path, side: Side = 'value'): number {
    return this.#optionOf(path) === undefined ? this.#offset(path, side) : -1;
  }

  line(path: Path): number {
    return this.#lines.linePos(this.#offset(path, 'key')).line;
  }

  /** The option that gave this path, a part of it, or (where the file has nothing there) something inside it. */
  #optionOf(path: Path): string | undefined {
    const covers = (outer: Path, inner: Path): boolean => outer.every((step, index) => step === inner[index]);
    const inFile = path.length === 0 || this.#document.hasIn(path);
    return this.#set.find((set) => covers(set.path, path) || (!inFile && covers(path, set.path)))?.option;
  }

  /** Where the value stands; where its key stands when it is a group; what is nearest above when it is missing. */
  #offset(path: Path, side: Side): number {
    let node: unknown = this.#document.contents;
    let offset = 0;
    for (const step of path) {
      if (isMap(node)) {
        const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
        if (!pair) break;
        node = pair.value;
        const byValue = side === 'value' && isScalar(node) && node.value !== null;
        offset = startOf(byValue ? node : pair.key) ?? offset;
      } else if (isSeq(node)) {
        node = node.items[Number(step)];
        offset = startOf(node) ?? offset;
      } else break;
    }
    return offset;
  }

  #inWords(error: YAMLError): string {
    const { line, col } = this.#lines.linePos(error.pos[0]);
    const start = this.#lines.lineStarts[line - 1] ?? 0;
    const text = this.#text.slice(start, this.#lines.lineStarts[line]).trimEnd();
    if (error.code === 'DUPLICATE_KEY') {
      const key = /^[^:\s]*/.exec(text.slice(col - 1))?.[0] ?? '';
      return `${this.file}:${line}:${col}: ${key} stands twice`;
    }
    // A bare > begins a block of text in YAML, and ! a tag: both are easily met in a condition.
    const [, before = '', bare] = /^(.*?:\s+)([>!]=?\s*-?\d[\d.]*)/.exec(text) ?? [];
    if (bare !== undefined) {
      const at = `${this.file}:${line}:${before.length + 1}`;
      return `${at}: expected a condition in quotes, got ${bare} (did you mean "${bare}"?)`;
    }
    return `${this.file}:${line}:${col}: ${error.message.slice(0, 1).toLowerCase()}${error.message.slice(1)}`;
  }
}

/** @param what it is, in words @throws ScenarioError when it cannot be read */
export async function readSource(file: string, what = 'scenario'): Promise<Source> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    throw new ScenarioError([`the ${what} cannot be read: ${inWords(error)}`]);
  }
  if (bytes.length > maxBytes) throw new ScenarioError([`${file}: larger than a ${what} may be (1 MiB)`]);
  return new Source(file, bytes.toString('utf8'));
}

function startOf(node: unknown): number | undefined {
  const range = typeof node === 'object' && node !== null && 'range' in node ? node.range : undefined;
  const start: unknown = Array.isArray(range) ? range[0] : undefined;
  return typeof start === 'number' ? start : undefined;
}
