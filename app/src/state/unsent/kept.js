// Unsent texts in the browser's storage: each is sealed with a key of its account (AES-256-GCM by
// the browser's own cryptography, which exists on https and on this machine only), and held by a
// lock (Web Locks) of the tab that writes it. In JavaScript, which is a tenth of the code.
// What this browser lacks at this address is answered as "not kept": nothing here throws.

// A text that nobody came back for goes after 7 days, and there are at most so many of them.
const MAX_AGE_MS = 7 * 24 * 3600 * 1000;
const MAX_TEXTS = 20;
// NIST SP 800-38D §8.2.2: a random nonce of 96 bits.
const NONCE_BYTES = 12;

const unsentHeld = new Map();
const unsentKeys = new Map();
const unsentRemoved = new Set();

async function unsentOr(fallback, run) {
  try {
    return await run();
  } catch {
    return fallback;
  }
}

const unsentBytes = text => Uint8Array.from(atob(text), c => c.charCodeAt(0));

const unsentCipher = (iv, aad) => ({
  name: 'AES-GCM',
  iv,
  additionalData: new TextEncoder().encode(aad),
});

// The keys of an account: the first one seals, all of them open. Scripts use and never read them.
async function unsentKeysOf(base, account) {
  if (!unsentKeys.has(account)) {
    const response = await fetch(base + '/api/unsent_keys', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ account }),
    });
    const keys = (await response.json()).map(key =>
      crypto.subtle.importKey(
        'raw', unsentBytes(key.replace(/-/g, '+').replace(/_/g, '/')), 'AES-GCM', false, ['encrypt', 'decrypt']));
    unsentKeys.set(account, await Promise.all(keys));
  }
  return unsentKeys.get(account);
}

const unsentNames = prefix => Object.keys(localStorage).filter(name => name.startsWith(prefix));

// Whether any text is stored, whoever's it is. Removes those that are too old.
export function unsentAny(prefix) {
  try {
    for (const name of unsentNames(prefix)) {
      if (!(parseInt(localStorage.getItem(name)) >= Date.now() - MAX_AGE_MS)) localStorage.removeItem(name);
    }
    return unsentNames(prefix).length > 0;
  } catch {
    return false;
  }
}

// The stored texts of an account: its id, its time and the text in a row, for each.
export async function unsentAll(base, prefix, account) {
  const all = [];
  await unsentOr(0, async () => {
    const keys = await unsentKeysOf(base, account);
    for (const name of unsentNames(prefix)) {
      const id = name.slice(prefix.length);
      const [at, sealed] = (localStorage.getItem(name) ?? '').split('.');
      for (const key of keys) {
        await unsentOr(0, async () => {
          const bytes = unsentBytes(sealed);
          const cipher = unsentCipher(bytes.slice(0, NONCE_BYTES), id + '.' + at);
          const text = await crypto.subtle.decrypt(cipher, key, bytes.slice(NONCE_BYTES));
          all.push(id, at, new TextDecoder().decode(text));
        });
      }
    }
  });
  return all;
}

// Stores a text over what was stored of it before.
export function unsentPut(base, prefix, account, id, at, text) {
  return unsentOr(false, async () => {
    const name = prefix + id;
    if (!(await unsentHold(name))) return false;
    const [key] = await unsentKeysOf(base, account);
    const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
    const cipher = unsentCipher(nonce, id + '.' + at);
    const sealed = new Uint8Array(await crypto.subtle.encrypt(cipher, key, new TextEncoder().encode(text)));
    let bytes = '';
    for (const byte of [...nonce, ...sealed]) bytes += String.fromCharCode(byte);
    const names = unsentNames(prefix);
    if (unsentRemoved.has(name) || (!names.includes(name) && names.length >= MAX_TEXTS)) return false;
    // A later writing of the same text may have been quicker.
    if (!(parseInt(localStorage.getItem(name)) > +at)) localStorage.setItem(name, at + '.' + btoa(bytes));
    return true;
  });
}

// Removes a text. What is still on its way to the storage stays out.
export function unsentRemove(name) {
  unsentRemoved.add(name);
  unsentRelease(name);
  try {
    localStorage.removeItem(name);
  } catch {}
}

// Takes the lock of a text. False where another tab has it.
export function unsentHold(name) {
  return unsentOr(false, () => unsentHeld.has(name) || new Promise((resolve, reject) => {
    const onLock = lock => {
      resolve(!!lock);
      return lock && new Promise(release => unsentHeld.set(name, release));
    };
    navigator.locks.request(name, { ifAvailable: true }, onLock).catch(reject);
  }));
}

export function unsentRelease(name) {
  unsentHeld.get(name)?.();
  unsentHeld.delete(name);
}

// The names of all locks that any tab holds.
export function unsentLocks() {
  return unsentOr([], async () => (await navigator.locks.query()).held.map(lock => lock.name));
}

// The name of this tab: the same as long as it is open, whatever it loads.
export function unsentTab() {
  try {
    return (sessionStorage['restante:tab'] ||= unsentName());
  } catch {
    return '';
  }
}

// Whether this tab has its form beside the page, so that it is there again after a reload.
export function unsentWasDocked() {
  try {
    return 'restante:docked' in sessionStorage;
  } catch {
    return false;
  }
}

export function unsentSetDocked(is) {
  try {
    if (is) sessionStorage['restante:docked'] = 1;
    else delete sessionStorage['restante:docked'];
  } catch {
    // The text is offered after a reload.
  }
}

// A name that no other one is like. Where the browser makes none nothing is stored either.
export function unsentName() {
  return crypto.randomUUID?.() ?? String(Date.now());
}

// A time as the reader's own clock shows it, with its day where that is not today.
export function unsentMoment(at, lang) {
  const date = new Date(+at);
  const clock = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };
  const isToday = date.toDateString() === new Date().toDateString();
  return date.toLocaleString(lang, isToday ? clock : { ...clock, day: 'numeric', month: 'short' });
}
