// What a run prints while it runs. Only text is made of it; the end is kept, and what is new is told now and then.
"use strict";
(() => {
  const MOST_LINES = 2000, MOST_CHARACTERS = 256 * 1024, MOST_PIECES = 4000, TELL_MS = 10000;
  const status = document.getElementById("status");
  const output = document.getElementById("output");
  const cut = document.getElementById("cut");
  if (!status || !output || !cut) return;

  const count = (text) => text.split("\n").length - 1;
  let lines = count(output.textContent), characters = output.textContent.length;
  let fresh = 0, packages = 0, refused = 0, told = 0;

  const add = (pieces) => {
    const follows = output.scrollTop + output.clientHeight >= output.scrollHeight - 4;
    for (const [stream, text] of pieces) {
      const span = document.createElement("span");
      span.className = stream;
      span.textContent = text;
      output.append(span);
      lines += count(text);
      fresh += count(text);
      characters += text.length;
    }
    const tooMuch = () => lines > MOST_LINES || characters > MOST_CHARACTERS || output.childElementCount > MOST_PIECES;
    while (output.childElementCount > 1 && tooMuch()) {
      const gone = output.firstElementChild.textContent;
      lines -= count(gone);
      characters -= gone.length;
      output.firstElementChild.remove();
      cut.hidden = false;
    }
    if (follows) output.scrollTop = output.scrollHeight;
  };

  const tell = (always) => {
    if (!always && Date.now() - told < TELL_MS) return;
    told = Date.now();
    const parts = ["The run goes on"];
    if (fresh) parts.push(`${fresh} new lines`);
    if (packages) parts.push(`${packages} packages fetched`);
    if (refused) parts.push(`${refused} requests refused`);
    status.textContent = parts.join(", ") + ".";
    fresh = 0;
  };

  const run = encodeURIComponent(status.dataset.run);
  const source = new EventSource(`/runs/${run}/events?after=${encodeURIComponent(status.dataset.after)}`);
  source.addEventListener("open", () => tell(true));
  source.addEventListener("more", (event) => {
    const more = JSON.parse(event.data);
    if (more.cut) cut.hidden = false;
    add(more.pieces);
    packages += more.packages;
    refused += more.refused;
    tell(false);
  });
  source.addEventListener("done", (event) => {
    source.close();
    const link = document.createElement("a");
    link.href = `/runs/${run}`;
    link.textContent = "Show its outcome";
    const { outcome } = JSON.parse(event.data);
    status.replaceChildren(`The run has ended: ${outcome}. `, link);
    const badge = document.querySelector("main .badge");
    badge.textContent = outcome;
    badge.className = "badge quiet";
    document.title = document.title.replace(/^[^:]*/, () => outcome);
  });
  source.addEventListener("error", () => {
    status.textContent = source.readyState === EventSource.CLOSED
      ? "No more is shown here: load the page again."
      : "The connection is lost, and tried again.";
  });
  output.scrollTop = output.scrollHeight;
})();
