// `restante clean`: the sanitizer alone.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { binary } from '../demo.ts';

/** The program's status for a document that was cut at a limit. */
const CUT = 1;

/** Sanitizes documents, a few at a time, with further arguments of the command. */
export async function clean(documents: Buffer[], ...words: string[]): Promise<string[]> {
  const program = binary('RESTANTE_BINARY', fileURLToPath(new URL('../../../target/debug/restante', import.meta.url)));
  const cleaned: string[] = [];
  let next = 0;
  const work = async () => {
    while (next < documents.length) {
      const index = next++;
      cleaned[index] = await cleanOne(program, words, documents[index]);
    }
  };
  await Promise.all([work(), work(), work()]);
  return cleaned;
}

function cleanOne(program: string, words: string[], html: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ['clean', ...words], { stdio: ['pipe', 'pipe', 'pipe'] });
    const out: Buffer[] = [];
    const errors: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
    child.on('error', reject);
    child.on('close', (status) => {
      if (status === 0 || status === CUT) resolve(Buffer.concat(out).toString());
      else reject(new Error(`restante clean ended with ${status}: ${Buffer.concat(errors).toString()}`));
    });
    child.stdin.end(html);
  });
}
