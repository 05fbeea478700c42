// A second client of the demo's mail server, for folders and messages that the product itself would
// not create.
import { connect, type TLSSocket } from 'node:tls';
import { expect } from '@playwright/test';
import { ADDRESS, type Demo, PASSWORD } from './demo.ts';

export class ImapClient {
  private heard = '';
  private tags = 0;
  private wake: (over?: Error) => void = () => {};

  private constructor(private readonly socket: TLSSocket) {
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      this.heard += text;
      this.wake();
    });
    socket.on('error', (error) => this.wake(error));
    socket.on('close', () => this.wake(new Error('the mail server closed the connection')));
  }

  static async signIn(demo: Demo): Promise<ImapClient> {
    const port = () => /IMAP (\d+) or/.exec(demo.log())?.[1];
    // The demo prints the port after the address that signals readiness.
    await expect.poll(port).toBeDefined();
    // Its CA is created for each demo, on this machine only.
    const socket = connect({ host: '127.0.0.1', port: Number(port()), servername: 'localhost', rejectUnauthorized: false });
    const client = new ImapClient(socket);
    await client.hears(/^\* OK/m);
    await client.run('LOGIN', [ADDRESS, PASSWORD]);
    return client;
  }

  /** Creates a folder. */
  async create(name: string): Promise<void> {
    await this.run('CREATE', [name]);
  }

  /** Appends a message to the inbox. */
  async append(message: string): Promise<void> {
    await this.run('APPEND', ['INBOX', message]);
  }

  end(): void {
    this.socket.destroy();
  }

  /** Sends a command, each of its arguments as a literal (RFC 3501 §4.3). */
  private async run(command: string, literals: string[]): Promise<void> {
    this.tags += 1;
    const tag = `a${this.tags}`;
    this.heard = '';
    this.socket.write(`${tag} ${command}`);
    for (const literal of literals) {
      this.socket.write(` {${Buffer.byteLength(literal)}}\r\n`);
      await this.hears(/^\+/m);
      this.heard = '';
      this.socket.write(literal);
    }
    this.socket.write('\r\n');
    const answer = await this.hears(new RegExp(`^${tag} .*$`, 'm'));
    if (!answer.startsWith(`${tag} OK`)) throw new Error(`${command}: ${answer}`);
  }

  private async hears(wanted: RegExp): Promise<string> {
    for (;;) {
      const found = wanted.exec(this.heard);
      if (found) return found[0];
      await new Promise<void>((resolve, reject) => {
        this.wake = (over) => (over ? reject(over) : resolve());
      });
    }
  }
}
