// The editor of formatted text: Squire in a sandboxed document of its own, which shares nothing with
// the page but one message port.
//
// To the page, as arrays: ["change", html, text], ["flushed"], ["paste", token, html, text],
// ["picture", token, file], ["file", file], ["show", id], ["key", name], ["plain", html].
// From the page: ["begin", html, theme, isAfterQuote] with the port (not focused if the last is
// undefined), then ["focus", isAfterQuote], ["flush"],
// ["set", html], ["sign", old, new], ["paste", token, html], ["insert", html],
// ["picture", token, id], ["show", id, blob].
//
// In the HTML that is exchanged a picture is `cid:` and the id of its file. Here it is an `img` with
// `data-cid` and the bytes that the page gave. An `img` with `data-hold` stands for a picture or a
// paste whose answer is not there yet, and is not part of the HTML.
(() => {
  "use strict";

  /** Time after which a change is reported, in milliseconds. */
  const REPORT_MS = 150;
  /** A picture of one transparent pixel. */
  const NOTHING =
    "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==";
  const QUOTE_STYLE =
    "margin:0 0 0 0.8ex;border-left:2px solid #b8c4c8;padding-left:1ex";

  const root = document.getElementById("text");
  const tools = document.getElementById("tools");
  const linkBar = document.getElementById("link");
  const linkField = document.getElementById("address");
  const linkError = document.getElementById("wrong");
  const picker = document.getElementById("picker");
  /** The addresses of the pictures by id. */
  const shown = new Map();
  /** The ids of the pictures by the token of their upload. */
  const uploaded = new Map();
  let port = null;
  let editor = null;
  let tokens = 0;
  let report = 0;
  /** The HTML that the page has. */
  let known = "";

  addEventListener("message", (event) => {
    if (port || event.source !== parent || event.ports.length !== 1) return;
    const [kind, html, theme, isAfterQuote] = event.data;
    if (kind !== "begin") return;
    [port] = event.ports;
    if (theme) document.documentElement.dataset.theme = theme;
    begin(html, isAfterQuote);
    port.onmessage = ({ data }) => answer(...data);
  });

  function begin(html, isAfterQuote) {
    editor = new Squire(root, {
      blockTag: "DIV",
      tagAttributes: { blockquote: { type: "cite", style: QUOTE_STYLE } },
      sanitizeToDOMFragment: fragment,
    });
    set(html);
    editor.addEventListener("input", () => {
      clearTimeout(report);
      report = setTimeout(flush, REPORT_MS);
    });
    editor.addEventListener("pathChange", showState);
    editor.addEventListener("select", showState);
    root.addEventListener("blur", flush);
    if (isAfterQuote !== undefined) focus(isAfterQuote);
  }

  function answer(kind, first, second) {
    if (kind === "focus") focus(first);
    else if (kind === "flush") {
      flush();
      port.postMessage(["flushed"]);
    } else if (kind === "set") set(first);
    else if (kind === "sign") sign(first, second);
    else if (kind === "paste") fillHold(first, second);
    else if (kind === "insert") {
      editor.insertHTML(first);
      editor.focus();
      flush();
    } else if (kind === "picture") endUpload(first, second);
    else if (kind === "show" && second) {
      shown.set(first, URL.createObjectURL(second));
      for (const image of root.querySelectorAll("img")) {
        if (image.dataset.cid === first) image.src = shown.get(first);
      }
    }
  }

  /** Focuses the text, with the cursor at its beginning or behind its last quotation. */
  function focus(isAfterQuote) {
    editor.focus();
    editor.moveCursorToStart();
    const block = isAfterQuote && [...root.querySelectorAll(":scope > blockquote")].pop()?.nextElementSibling;
    if (!block) return;
    const range = document.createRange();
    range.setStart(block, 0);
    editor.setSelection(range);
  }

  function set(html) {
    root.classList.toggle("paper", hasColours(html));
    editor.setHTML(html);
    // A text that nobody changed is none that is unsent.
    known = written();
  }

  /** Whether a text brings colours, which are made for white paper. */
  function hasColours(html) {
    return /\b(color|background|bgcolor)\b/i.test(html);
  }

  function flush() {
    clearTimeout(report);
    const html = written();
    if (!port || html === known) return;
    known = html;
    port.postMessage(["change", html, root.innerText]);
  }

  /** Parses HTML without loading anything that it names. */
  function fragment(html) {
    const template = document.createElement("template");
    template.innerHTML = html;
    for (const image of template.content.querySelectorAll("img")) adopt(image);
    return document.importNode(template.content, true);
  }

  function adopt(image) {
    const source = image.getAttribute("src") || "";
    if (image.dataset.hold || image.dataset.cid || image.dataset.remote) return;
    if (/^cid:/i.test(source)) {
      const id = source.slice(4);
      image.dataset.cid = id;
      image.removeAttribute("src");
      if (shown.has(id)) image.src = shown.get(id);
      else port.postMessage(["show", id]);
    } else if (/^data:image\//i.test(source)) {
      const file = fileOf(source);
      image.removeAttribute("src");
      if (file) upload(image, newToken(), file);
    } else {
      // The policy loads nothing of others; the recipient's program decides for itself.
      image.src = NOTHING;
      if (/^https:/i.test(source)) image.dataset.remote = source;
      if (image.alt) image.title = image.alt;
    }
  }

  /** Returns the HTML of the text, from a copy that loads nothing. */
  function written() {
    const inert = document.implementation.createHTMLDocument("");
    const copy = inert.importNode(root, true);
    for (const other of copy.querySelectorAll(".squire-image-resize-container")) {
      other.remove();
    }
    for (const image of copy.querySelectorAll("img")) {
      const id = image.dataset.cid || uploaded.get(image.dataset.hold);
      if (id) image.setAttribute("src", `cid:${id}`);
      else if (image.dataset.remote) image.setAttribute("src", image.dataset.remote);
      else image.remove();
      if (image.title === image.alt) image.removeAttribute("title");
      for (const name of ["cid", "hold", "remote"]) delete image.dataset[name];
    }
    return copy.innerHTML.replace(/\u200B/g, "");
  }

  /** Puts a signature in place of another one; one that was edited stays. */
  function sign(old, text) {
    const lines = (text) => (text ? text.split("\n").map((line) => line.trim()) : []);
    const before = lines(old);
    const blocks = [...root.children];
    const quote = blocks.findIndex((block) => block.nodeName === "BLOCKQUOTE");
    const isAt = (at) =>
      before.every((line, index) => blocks[at + index]?.innerText.trim() === line);
    let at = blocks.findIndex((_, index) => isAt(index));
    if (before.length === 0) at = quote > 0 ? quote - 1 : blocks.length;
    if (at < 0) return;
    editor.saveUndoState();
    const place = blocks[at + before.length] || null;
    for (const block of blocks.slice(at, at + before.length)) block.remove();
    for (const line of lines(text)) {
      const block = document.createElement("div");
      if (line) block.textContent = line;
      else block.append(document.createElement("br"));
      root.insertBefore(block, place);
    }
    if (!root.firstElementChild) editor.setHTML("");
    flush();
  }

  // Paste and drop: formatted text waits for the page, which has it cleaned.

  root.addEventListener("paste", (event) => take(event, event.clipboardData), true);
  root.addEventListener(
    "drop",
    (event) => {
      // Text that is moved inside of the editor is the editor's business.
      if (event.dataTransfer.files.length > 0) take(event, event.dataTransfer);
    },
    true,
  );

  function take(event, data) {
    event.preventDefault();
    event.stopImmediatePropagation();
    const html = data.getData("text/html");
    const text = data.getData("text/plain");
    const files = [...data.files];
    const isPicture = files.length > 0 && !text.trim();
    if (html && !isPicture) {
      const token = hold();
      port.postMessage(["paste", token, html, text]);
    } else if (files.length > 0) {
      for (const file of files) {
        if (/^image\//.test(file.type)) insertPicture(file);
        else port.postMessage(["file", file]);
      }
    } else if (text) {
      editor.insertPlainText(text, true);
    }
  }

  /** Inserts a placeholder and returns its token. */
  function hold() {
    const token = newToken();
    editor.insertHTML(`<img alt="" data-hold="${token}">`);
    return token;
  }

  function newToken() {
    return String((tokens += 1));
  }

  function held(token) {
    return root.querySelector(`img[data-hold="${token}"]`);
  }

  /** Replaces a placeholder by cleaned HTML. The cursor stays where the user moved it. */
  function fillHold(token, html) {
    const place = held(token);
    if (!place) return;
    const now = editor.getSelection();
    const after = document.createRange();
    after.setStartAfter(place);
    const isBehind =
      now.collapsed &&
      (now.startContainer === place.parentNode
        ? now.startOffset === after.startOffset
        : now.startOffset === 0 || now.toString() === "") &&
      !place.nextSibling?.textContent.trim();
    const range = document.createRange();
    range.selectNode(place);
    editor.setSelection(range);
    if (hasColours(html)) root.classList.add("paper");
    editor.insertHTML(html);
    held(token)?.remove();
    if (!isBehind && root.contains(now.startContainer)) editor.setSelection(now);
    flush();
  }

  // Pictures

  function insertPicture(file) {
    const token = hold();
    const image = held(token);
    if (!image) return;
    image.alt = file.name;
    upload(image, token, file);
  }

  /** Shows a file in a picture, and has it uploaded. */
  function upload(image, token, file) {
    image.dataset.hold = token;
    image.src = URL.createObjectURL(file);
    port.postMessage(["picture", token, file]);
  }

  /** Returns the file of a `data:` address; `null` if it is not in base64. */
  function fileOf(address) {
    const match = /^data:(image\/[a-z]+);base64,(.*)$/is.exec(address);
    if (!match) return null;
    try {
      const bytes = Uint8Array.from(atob(match[2]), (c) => c.charCodeAt(0));
      const type = match[1].toLowerCase();
      return new File([bytes], `picture.${type.slice(6)}`, { type });
    } catch {
      return null;
    }
  }

  function endUpload(token, id) {
    const image = held(token);
    if (id) {
      uploaded.set(token, id);
      if (image) {
        image.dataset.cid = id;
        delete image.dataset.hold;
        shown.set(id, image.src);
      }
    } else if (image) {
      image.remove();
    }
    flush();
  }

  picker.addEventListener("change", () => {
    for (const file of picker.files) insertPicture(file);
    picker.value = "";
  });

  // Tools and keys

  const commands = {
    bold: () => (editor.hasFormat("B") ? editor.removeBold() : editor.bold()),
    italic: () => (editor.hasFormat("I") ? editor.removeItalic() : editor.italic()),
    underline: () =>
      editor.hasFormat("U") ? editor.removeUnderline() : editor.underline(),
    list: () =>
      editor.hasFormat("UL") ? editor.removeList() : editor.makeUnorderedList(),
    olist: () =>
      editor.hasFormat("OL") ? editor.removeList() : editor.makeOrderedList(),
    quote: () =>
      editor.hasFormat("BLOCKQUOTE")
        ? editor.decreaseQuoteLevel()
        : editor.increaseQuoteLevel(),
    code: () => editor.toggleCode(),
    link: openLink,
    picture: () => picker.click(),
    plain: () => port.postMessage(["plain", written()]),
  };
  const TAGS = {
    bold: "B",
    italic: "I",
    underline: "U",
    list: "UL",
    olist: "OL",
    quote: "BLOCKQUOTE",
    link: "A",
  };

  // The text keeps its selection while a tool is pressed.
  tools.addEventListener("mousedown", (event) => event.preventDefault());
  tools.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button || !editor) return;
    const name = button.dataset.command;
    if (!["link", "picture", "plain"].includes(name)) editor.focus();
    commands[name]();
    showState();
  });
  tools.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const buttons = [...tools.querySelectorAll("button")];
    const at = buttons.indexOf(document.activeElement);
    buttons[(at + step + buttons.length) % buttons.length].focus();
    event.preventDefault();
  });

  function showState() {
    for (const [name, tag] of Object.entries(TAGS)) {
      const button = tools.querySelector(`[data-command="${name}"]`);
      button.setAttribute("aria-pressed", String(editor.hasFormat(tag)));
    }
  }

  root.addEventListener(
    "keydown",
    (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.isComposing) return;
      const key = event.key.toLowerCase();
      if (key === "enter" || key === "s") {
        flush();
        port.postMessage(["key", key === "s" ? "save" : "send"]);
      } else if (key === "k" && !event.shiftKey) {
        openLink();
      } else {
        return;
      }
      event.preventDefault();
      event.stopImmediatePropagation();
    },
    true,
  );

  // Links

  function openLink() {
    const range = editor.getSelection();
    const start = range.startContainer;
    const element = start.nodeType === Node.ELEMENT_NODE ? start : start.parentElement;
    const link = element?.closest("a");
    linkField.value = link?.getAttribute("href") || "";
    linkError.hidden = true;
    linkBar.hidden = false;
    linkField.focus();
  }

  function closeLink() {
    linkBar.hidden = true;
    editor.focus();
  }

  function applyLink() {
    const address = addressOf(linkField.value.trim());
    linkError.hidden = address !== null;
    linkField.setAttribute("aria-invalid", String(address === null));
    if (address === null) return;
    closeLink();
    if (address) editor.makeLink(address);
    else editor.removeLink();
  }

  /** Returns the address of a link as it is written; "" for none, `null` for one that is not sent. */
  function addressOf(typed) {
    if (!typed || /^(https?:\/\/[^\s/]|mailto:|tel:)/i.test(typed)) return typed;
    if (/^[^\s@:/]+@[^\s@:/]+$/.test(typed)) return `mailto:${typed}`;
    return /^[^\s:]+\.[^\s]+$/.test(typed) ? `https://${typed}` : null;
  }

  linkBar.addEventListener("keydown", (event) => {
    if (event.key === "Escape") closeLink();
    else if (event.key === "Enter" && event.target === linkField) applyLink();
    else return;
    event.preventDefault();
  });
  document.getElementById("apply").addEventListener("click", applyLink);
  document.getElementById("cancel").addEventListener("click", closeLink);
})();
