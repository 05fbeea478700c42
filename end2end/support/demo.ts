// Starts `restante demo`: the whole product with its sample mailbox, on a free port.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ADDRESS = 'demo@restante.test';
export const PASSWORD = 'demo';

/** The options of a story's demo. */
export type DemoOptions = {
  /** Where the product is served: '' or '/webmail'. */
  basePath: string;
  /** Further arguments of `restante demo`. */
  demoArguments: string[];
};

export class Demo {
  private constructor(
    private readonly process: ChildProcess,
    /** The product's origin, without a slash at its end. */
    readonly origin: string,
    readonly basePath: string,
    private readonly said: string[],
    /** The folder in which the program creates its state folder. */
    private readonly folder: string,
  ) {}

  static async start({ basePath, demoArguments }: DemoOptions): Promise<Demo> {
    const program = binary('RESTANTE_BINARY', fileURLToPath(new URL('../../target/debug/restante', import.meta.url)));
    // Messages leave at once, unless a story says otherwise.
    const undo = demoArguments.includes('--undo-send-secs') ? [] : ['--undo-send-secs', '0'];
    const words = ['demo', '--listen', '127.0.0.1:0', ...undo, ...demoArguments];
    if (basePath !== '') words.push('--base-path', basePath);
    const folder = mkdtempSync(join(tmpdir(), 'restante-story-'));
    const child = spawn(program, words, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, TMPDIR: folder },
    });
    const said: string[] = [];
    const origin = await new Promise<string>((resolve, reject) => {
      const late = setTimeout(() => fail('printed no address in 30 s'), 30_000);
      const fail = (why: string) => {
        clearTimeout(late);
        child.kill();
        reject(new Error(`restante demo ${why}:\n${said.join('')}`));
      };
      const listen = (chunk: Buffer) => {
        said.push(chunk.toString());
        const address = /http:\/\/127\.0\.0\.1:[1-9]\d*/.exec(said.join(''));
        if (address) {
          clearTimeout(late);
          resolve(address[0]);
        }
      };
      child.stdout.on('data', listen);
      child.stderr.on('data', listen);
      child.on('error', (error) => fail(`did not start (${error.message})`));
      child.on('exit', (code) => fail(`ended with ${code}`));
    });
    return new Demo(child, origin, basePath, said, folder);
  }

  /** Returns everything that the server printed so far. */
  log(): string {
    return this.said.join('');
  }

  url(path: string): string {
    return `${this.origin}${this.basePath}${path}`;
  }

  /** Returns a path in its state folder, for stories that damage files there. */
  state(path: string): string {
    const [name] = readdirSync(this.folder);
    return join(this.folder, name ?? '', path);
  }

  /** Stops the process like a machine that hangs (SIGSTOP), or continues it (SIGCONT). */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.process.kill(signal);
  }

  /** Requests termination; returns false if the process had to be killed. */
  async stop(): Promise<boolean> {
    if (this.process.exitCode !== null) return true;
    const ended = new Promise<void>((resolve) => this.process.once('exit', () => resolve()));
    this.process.kill('SIGTERM');
    let inTime = true;
    const late = setTimeout(() => {
      inTime = false;
      this.process.kill('SIGKILL');
    }, 8_000);
    await ended;
    clearTimeout(late);
    rmSync(this.folder, { recursive: true, force: true });
    return inTime;
  }
}

/** Returns the path of a program: from the environment variable, else the usual one. */
export function binary(variable: string, usual: string): string {
  const path = process.env[variable] ?? usual;
  if (!existsSync(path)) {
    throw new Error(`${path} is missing: run \`cargo xtask test --only browser\`, or name it in ${variable}`);
  }
  return path;
}
