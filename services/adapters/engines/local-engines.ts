import type { Limits } from '../../domain/limits.ts';
import { type EngineName, refusalOf } from '../../domain/report/engines.ts';
import type {
  Confinement,
  EngineChoice,
  EngineOptions,
  EngineReading,
  EngineRunner,
  EngineTarget,
  Programs,
} from '../../pipeline/engine-ports.ts';
import type { Engine, EngineAnswer } from './engine.ts';
import { EngineFailure } from './engine-failure.ts';
import { engineExecutable } from './executable.ts';
import { type PrivateDirectory, privateDirectory } from './private-directory.ts';
import { type CommandEnd, runConfined } from './run-confined.ts';
import { SYFT } from './syft.ts';
import { TRIVY } from './trivy.ts';

const ENGINES: Readonly<Record<EngineName, Engine>> = { trivy: TRIVY, syft: SYFT };

/** Runs engines that are installed on this machine. */
export class LocalEngines implements EngineRunner {
  readonly #programs: Programs;
  #confinement: Promise<Confinement> | null = null;

  constructor(programs: Programs) {
    this.#programs = programs;
  }

  async run(choice: EngineChoice, target: EngineTarget, options: EngineOptions): Promise<EngineReading> {
    const { limits, signal } = options;
    const engine = ENGINES[choice.name];
    const known: { version: string | null; isolated: boolean | null } = { version: null, isolated: null };
    const directory = await privateDirectory();
    try {
      const program = await engineExecutable(choice, this.#programs, directory.input);
      this.#confinement ??= engineConfinement(this.#programs, limits);
      const confinement = await this.#confinement;
      known.isolated = confinement.isolated;
      const ask = (args: readonly string[]): Promise<CommandEnd> => {
        const environment = { ...engine.environment, ...homes(directory) };
        return runConfined(
          { program, args, environment, workingDirectory: directory.work },
          confinement,
          limits,
          signal,
        );
      };
      known.version = engine.versionOf(Buffer.from(outputOf(await ask(engine.versionArgs))).toString('utf8'));
      const refusal = known.version === null ? null : refusalOf(engine.name, known.version);
      if (refusal !== null) throw new EngineFailure(refusal);
      const answer = engine.read(outputOf(await ask(await engine.prepare(target, directory, options))), limits);
      expectSameImage(answer, target);
      return { name: engine.name, ...known, packages: answer.packages, failure: null };
    } catch (error) {
      if (!(error instanceof EngineFailure)) throw error;
      return { name: engine.name, ...known, packages: [], failure: error.message };
    } finally {
      await directory.remove();
    }
  }
}

/** They end with us, reach no network and take no more memory than they may, as far as this machine allows. */
export async function engineConfinement(programs: Programs, { engineMemoryBytes }: Limits): Promise<Confinement> {
  const limits = [`--data=${engineMemoryBytes}`, '--core=0'];
  const probe = [(await programs.find('true')) ?? '/bin/true'];
  return await programs.confine({ limits, powerless: false, visible: null, probe });
}

/** Everything that it would keep or look for lies in a directory that nobody else sees and that goes afterwards. */
function homes({ home, cache, temporary }: PrivateDirectory): Record<string, string> {
  return { HOME: home, TMPDIR: temporary, XDG_CACHE_HOME: cache, XDG_CONFIG_HOME: home, XDG_DATA_HOME: home };
}

function outputOf({ stdout, stderr, failure }: CommandEnd): Uint8Array {
  if (failure === null) return stdout;
  throw new EngineFailure(`${failure}${lastWords(stderr)}`);
}

const LAST_WORDS = 300;

/** The line that most likely says why: the last that is no part of a stack. */
function lastWords(stderr: string): string {
  const lines = stderr
    .split('\n')
    .filter((line) => /^[^\s].*\s/.test(line) && !/^(?:goroutine|created by) /.test(line));
  const line = lines.find((each) => /^panic: |\bFATAL\b/.test(each)) ?? lines.at(-1);
  return line === undefined ? '' : `: ${line.slice(0, LAST_WORDS)}`;
}

/** An engine that chose another image than we, or answers for one that it never read, says nothing about this one. */
function expectSameImage({ configDigest }: EngineAnswer, target: EngineTarget): void {
  if (target.configDigest === null || target.configDigest === configDigest) return;
  const what = configDigest === null ? 'it does not say which image it read' : `it read the image ${configDigest}`;
  throw new EngineFailure(`${what}, not ${target.configDigest}`);
}
