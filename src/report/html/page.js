"use strict";
(() => {
  const form = document.getElementById("filter");
  const findings = [...document.querySelectorAll("[data-finding]")];
  const groups = [...document.querySelectorAll("[data-group]")];
  const pictures = [...document.querySelectorAll("[data-files]")];
  const chips = [...form.querySelectorAll("[data-severity]")];
  const { words, rule, file } = form.elements;
  const none = document.getElementById("none");

  function show() {
    const wanted = words.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const on = new Set(chips.filter((chip) => chip.ariaPressed === "true").map((chip) => chip.dataset.severity));
    let n = 0;
    for (const finding of findings) {
      const of = finding.dataset;
      const text = finding.textContent.toLowerCase();
      const fits = on.has(of.severity) && (!rule.value || of.rule === rule.value) && (!file.value || of.file === file.value)
        && wanted.every((word) => text.includes(word));
      finding.hidden = !fits;
      n += fits;
    }
    for (const group of groups) {
      group.hidden = !group.querySelector("[data-finding]:not([hidden])");
    }
    for (const picture of pictures) {
      picture.hidden = file.value !== "" && !picture.dataset.files.split(" ").includes(file.value);
    }
    form.querySelector("output").textContent = `${n} of ${findings.length} findings`;
    none.hidden = n > 0 || findings.length === 0;
  }

  function move(step) {
    const shown = findings.filter((finding) => !finding.hidden);
    const at = shown.indexOf(document.activeElement.closest("[data-finding]"));
    const to = shown[at < 0 ? (step > 0 ? 0 : shown.length - 1) : at + step];
    if (to) {
      to.focus({ preventScroll: true });
      to.scrollIntoView({ block: "center" });
    }
  }

  /* A finding that somebody points at is shown, whatever the filter says. */
  function reveal() {
    const target = findings.find((finding) => `#${finding.id}` === location.hash);
    if (target && target.hidden) {
      form.reset();
      chips.forEach((chip) => { chip.ariaPressed = "true"; });
      show();
    }
    if (target) {
      target.focus({ preventScroll: true });
      target.scrollIntoView({ block: "center" });
    }
  }

  for (const chip of chips) {
    chip.addEventListener("click", () => {
      chip.ariaPressed = String(chip.ariaPressed !== "true");
      show();
    });
  }
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", reveal);
  addEventListener("keydown", (event) => {
    const isTyping = event.target.matches("input, select, textarea");
    if (event.key === "Escape" && event.target === words) {
      words.value = "";
      show();
      words.blur();
    } else if (isTyping || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    } else if (event.key === "/") {
      event.preventDefault();
      words.focus();
    } else if (event.key === "j" || event.key === "k") {
      move(event.key === "j" ? 1 : -1);
    }
  });
  show();
  reveal();
})();
