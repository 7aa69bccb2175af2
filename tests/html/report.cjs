// The HTML report in a real Chromium: it loads without a word on the console, asks nobody for anything, filters, draws, can be
// used with the keyboard and read in the dark and on a small screen.
//
// Usage: node report.cjs CHROMIUM REPORT.html HOSTILE.html (`.ci/html` makes the reports and gets what this needs).
"use strict";
const assert = require("node:assert/strict");
const { pathToFileURL } = require("node:url");
const { chromium } = require("playwright-core");

const [executablePath, report, hostile] = process.argv.slice(2);

const checks = {
  async "says how much there is"({ page }) {
    assert.match(await page.locator("h1").innerText(), /^\d+ errors, \d+ warning/);
    const shown = await page.locator("[data-finding]:visible").count();
    assert.equal(await page.locator("output").innerText(), `${shown} of ${shown} findings`);
  },

  async "shows the code with the place marked"({ page }) {
    const finding = page.locator("[data-rule=health-check-http-matcher]");
    assert.equal(await finding.locator("mark.first").first().innerText(), '"200"');
    assert.ok(await finding.locator(".note").first().isVisible());
  },

  async "filters by severity"({ page }) {
    const all = await page.locator("[data-finding]:visible").count();
    await page.locator(".chip.error").click();
    assert.equal(await page.locator("[data-severity=error][data-finding]:visible").count(), 0);
    const left = await page.locator("[data-finding]:visible").count();
    assert.ok(left > 0 && left < all);
    assert.equal(await page.locator(".chip.error").getAttribute("aria-pressed"), "false");
    await page.locator(".chip.error").click();
    assert.equal(await page.locator("[data-finding]:visible").count(), all);
  },

  async "filters by rule, file and words"({ page }) {
    await page.locator("select[name=rule]").selectOption("target-group-http1");
    const rules = await page.locator("[data-finding]:visible").evaluateAll((all) => all.map((it) => it.dataset.rule));
    assert.deepEqual([...new Set(rules)], ["target-group-http1"]);
    await page.locator("select[name=rule]").selectOption("");
    const pictures = await page.locator(".picture:visible").count();
    await page.locator("select[name=file]").selectOption({ index: 1 });
    const files = await page.locator("[data-finding]:visible").evaluateAll((all) => all.map((it) => it.dataset.file));
    assert.equal(new Set(files).size, 1);
    assert.ok((await page.locator(".picture:visible").count()) < pictures);
    await page.locator("select[name=file]").selectOption("");
    await page.locator("input[name=words]").fill("idle timeout");
    assert.equal(await page.locator("[data-finding]:visible").count(), 1);
    await page.locator("input[name=words]").fill("no such words");
    assert.ok(await page.locator("#none").isVisible());
    assert.equal(await page.locator("[data-group]:visible").count(), 0);
  },

  async "draws the traffic, and a station leads to its finding"({ page }) {
    const picture = page.locator(".picture svg").first();
    const box = await picture.boundingBox();
    assert.ok(box.width > 500 && box.height > 60, JSON.stringify(box));
    assert.ok((await picture.locator(".hop").count()) >= 7);
    const overlaps = await picture.locator(".hop rect").evaluateAll((rects) => {
      const boxes = rects.map((rect) => rect.getBoundingClientRect());
      const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
      return boxes.flatMap((a, i) => boxes.slice(i + 1).filter((b) => meet(a, b))).length;
    });
    assert.equal(overlaps, 0);
    await page.locator(".chip.error").click();
    const station = picture.locator(".hop.error a").first();
    const id = (await station.getAttribute("href")).slice(1);
    await station.click();
    // The filter hid it, and whoever points at it wants to see it. The browser tells the page of the link after the click.
    await page.locator(`#${id}`).waitFor({ state: "visible", timeout: 5000 });
    await page.waitForFunction((id) => document.activeElement.id === id, id, { timeout: 5000 });
  },

  async "can be used with the keyboard"({ page }) {
    await page.keyboard.press("j");
    assert.equal(await page.evaluate(() => document.activeElement.id), "f0");
    await page.keyboard.press("j");
    assert.equal(await page.evaluate(() => document.activeElement.id), "f1");
    await page.keyboard.press("k");
    assert.equal(await page.evaluate(() => document.activeElement.id), "f0");
    await page.keyboard.press("/");
    await page.keyboard.type("j");
    assert.equal(await page.locator("input[name=words]").inputValue(), "j");
    await page.keyboard.press("Escape");
    assert.equal(await page.locator("input[name=words]").inputValue(), "");
    await page.locator("summary", { hasText: "Why" }).first().focus();
    await page.keyboard.press("Enter");
    assert.ok(await page.locator("details.why[open]").first().isVisible());
  },

  async "fits every screen"({ page }) {
    for (const width of [320, 400, 1400]) {
      await page.setViewportSize({ width, height: 800 });
      const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.equal(over, 0, `${over} px too wide at ${width}`);
    }
  },

  // At least 4.5 : 1, as WCAG AA wants it.
  async "can be read in light and dark"({ page }) {
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      const weak = await page.evaluate(() => {
        const number = (text) => text.match(/[\d.]+/g).map(Number);
        const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
        const rgb = (color) => {
          canvas.clearRect(0, 0, 1, 1);
          canvas.fillStyle = color;
          canvas.fillRect(0, 0, 1, 1);
          return [...canvas.getImageData(0, 0, 1, 1).data];
        };
        const light = ([r, g, b]) => {
          const [x, y, z] = [r, g, b].map((c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
          return 0.2126 * x + 0.7152 * y + 0.0722 * z;
        };
        const behind = (node) => {
          for (; node; node = node.parentElement) {
            const color = rgb(getComputedStyle(node).backgroundColor);
            if (color[3] > 250) return color;
          }
          return rgb(matchMedia("(prefers-color-scheme: dark)").matches ? "#12151a" : "#f6f7f9");
        };
        const found = [];
        for (const selector of ["h1", ".top p", ".tag.error", ".tag.warning", ".chip.error", ".chip.warning", ".finding h3", ".of", ".place",
          ".code .row", ".row.first", ".help", ".why > summary", "output", "footer"]) {
          const node = document.querySelector(selector);
          if (!node) continue;
          const [a, b] = [light(rgb(getComputedStyle(node).color)), light(behind(node))].sort((a, b) => b - a);
          const contrast = (a + 0.05) / (b + 0.05);
          if (contrast < 4.5) found.push(`${selector} ${contrast.toFixed(2)}`);
        }
        return found;
      });
      assert.deepEqual(weak, [], colorScheme);
    }
  },
};

async function open(browser, file, seen) {
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
  page.on("console", (message) => seen.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => seen.push(`error: ${error.message}`));
  page.on("dialog", (dialog) => { seen.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on("request", (request) => { if (request.url().split("#")[0] !== pathToFileURL(file).href) seen.push(`request: ${request.url()}`); });
  await page.goto(pathToFileURL(file).href);
  return page;
}

(async () => {
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  let failed = 0;
  const check = async (name, file, run) => {
    const seen = [];
    const page = await open(browser, file, seen);
    try {
      await run({ page, seen });
      assert.deepEqual(seen, [], "the page stays quiet");
      console.log(`ok   ${name}`);
    } catch (error) {
      failed += 1;
      console.log(`FAIL ${name}: ${error.message}`);
    }
    await page.close();
  };
  for (const [name, run] of Object.entries(checks)) await check(name, report, run);
  await check("takes what files hold for text", hostile, async ({ page, seen }) => {
    assert.ok((await page.locator("[data-finding]").count()) > 0);
    assert.equal(await page.locator("img, iframe, object, embed, link, body script:not(:last-of-type)").count(), 0);
    assert.match(await page.locator("main").innerText(), /<img src=x onerror=alert\(1\)>/);
    assert.deepEqual(seen, []);
    // The policy holds even against what would get onto the page.
    const ran = await page.evaluate(() => {
      const script = document.createElement("script");
      script.textContent = "window.ran = true";
      document.body.append(script);
      return window.ran === true;
    });
    assert.equal(ran, false);
    assert.match(seen.pop(), /Content Security Policy/);
  });
  await browser.close();
  const n = Object.keys(checks).length + 1;
  console.log(`${n - failed} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
})();
