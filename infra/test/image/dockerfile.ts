/** One instruction of a Dockerfile. */
export interface Instruction {
  verb: string;
  text: string;
}

export interface BuildStage {
  name: string;
  instructions: Instruction[];
}

/** The stages of a Dockerfile, in order; those that have no name are numbered. Heredocs are not known here. */
export function stagesOf(dockerfile: string): BuildStage[] {
  const lines = dockerfile.replaceAll(/\\\n\s*/g, ' ').split('\n');
  const stages: BuildStage[] = [];
  for (const line of lines) {
    const [, verb = '', text = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    if (verb === 'FROM') {
      const [, name] = /\sAS\s+(\S+)$/i.exec(text) ?? [];
      stages.push({ name: name ?? String(stages.length), instructions: [] });
    } else if (verb !== '') stages.at(-1)?.instructions.push({ verb, text });
  }
  return stages;
}

/** What the last stage says of itself: `value('USER')`. The last one holds, as in an image. */
export function valueOf(stage: BuildStage, verb: string): string {
  return stage.instructions.findLast((instruction) => instruction.verb === verb)?.text ?? '';
}

/** The command in an instruction's JSON form: HEALTHCHECK … CMD ["a", "b"]. */
export function commandOf(text: string): string[] {
  return JSON.parse(text.slice(text.indexOf('['))) as string[];
}

/** KEY=value pairs of every ENV. */
export function environmentOf(stage: BuildStage): Record<string, string> {
  const pairs = stage.instructions
    .filter(({ verb }) => verb === 'ENV')
    .flatMap(({ text }) => text.split(/\s+/).map((pair) => pair.split('=', 2)));
  return Object.fromEntries(pairs.map(([key = '', value = '']) => [key, value]));
}

/**
 * A Dockerfile as a shell script: each stage is a folder of $SCRATCH, RUN runs there, COPY copies from $CONTEXT or from
 * another stage. The base image is the machine itself: what the steps install is real, what they are isolated from is not.
 * @throws Error for an instruction that it cannot do
 */
export function asShell(stages: readonly BuildStage[]): string {
  const lines = ['set -eu'];
  for (const { name, instructions } of stages) {
    let workdir = '/';
    lines.push(`mkdir -p "$SCRATCH/${name}"`);
    for (const { verb, text } of instructions) {
      if (verb === 'WORKDIR') {
        workdir = text;
        lines.push(`mkdir -p "$SCRATCH/${name}${workdir}"`);
      } else if (verb === 'RUN') {
        lines.push(`(cd "$SCRATCH/${name}${workdir}" && ${text})`);
      } else if (verb === 'COPY') lines.push(...copied(text, `$SCRATCH/${name}${workdir}`));
      else if (!['ARG', 'ENV', 'USER', 'EXPOSE', 'HEALTHCHECK', 'ENTRYPOINT', 'CMD'].includes(verb)) {
        throw new Error(`asShell does not know ${verb}`);
      }
    }
  }
  return `${lines.join('\n')}\n`;
}

/** COPY a folder copies what is in it; COPY a file copies it into the folder. */
function copied(text: string, folder: string): string[] {
  const words = text.split(/\s+/);
  const stage = words.find((word) => word.startsWith('--from='))?.slice('--from='.length);
  const paths = words.filter((word) => !word.startsWith('--'));
  const target = `${folder}/${paths.at(-1)}`;
  const from = stage === undefined ? '$CONTEXT/' : `$SCRATCH/${stage}`;
  return [
    `mkdir -p "${target}"`,
    ...paths.slice(0, -1).map((source) => {
      const whole = `${from}${source}`;
      return `if [ -d "${whole}" ]; then cp -R "${whole}/." "${target}"; else cp "${whole}" "${target}"; fi`;
    }),
  ];
}
