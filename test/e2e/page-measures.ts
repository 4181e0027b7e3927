import type { Page } from "playwright-core";

/** Lowest height of what a gloved hand presses, CSS pixels. */
const TOUCH_PX = 60;
const TEXT_PX = 18;
/** WCAG 2.2: 1.4.6 for what is read at arm's length, 1.4.3 for the rest. */
const CONTRAST = 7;
const CONTRAST_LEAST = 4.5;

/** Each visible thing to press or type into that is lower or narrower than a glove needs. */
export const sizeFaults = (page: Page): Promise<string[]> =>
  page.evaluate((least) => {
    const all = [...document.querySelectorAll<HTMLElement>("button, input, select, a[href], label.button, label.tile")];
    return all
      .filter((one) => one.checkVisibility())
      .map((one) => ({ one, box: one.getBoundingClientRect() }))
      .filter(({ box }) => box.height < least || box.width < least)
      .map(({ one, box }) => `${one.tagName} ${one.textContent} is ${box.width} x ${box.height}`);
  }, TOUCH_PX);

/** Each visible text whose contrast with the ground under it is too low, or whose letters are too small. */
export const contrastFaults = (page: Page): Promise<string[]> =>
  page.evaluate(
    ([high, low, size]) => {
      const channels = (colour: string): number[] => (colour.match(/[\d.]+/g) ?? []).map(Number);
      const light = (colour: string): number => {
        const [r = 0, g = 0, b = 0] = channels(colour).map((value) => {
          const part = value / 255;
          return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const groundOf = (from: Element): string => {
        for (let one: Element | null = from; one !== null; one = one.parentElement) {
          const { backgroundColor, backgroundImage } = getComputedStyle(one);
          if (backgroundImage !== "none") return "a picture";
          if ((channels(backgroundColor)[3] ?? 1) > 0) return backgroundColor;
        }
        return "rgb(255, 255, 255)";
      };
      const hasText = (one: Element): boolean =>
        [...one.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent?.trim() !== "");
      const ratioOf = (colour: string, ground: string): number => {
        const [a, b] = [light(colour), light(ground)];
        return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      };
      const faults: string[] = [];
      // What stands in an empty field is no text of its element, and browsers paint it pale.
      for (const one of document.querySelectorAll<HTMLInputElement>("input[placeholder]")) {
        const { color } = getComputedStyle(one, "::placeholder");
        const ratio = ratioOf(color, groundOf(one));
        if (one.checkVisibility() && ratio < (high ?? 0)) faults.push(`${one.placeholder}: ${color}, ${ratio}`);
      }
      for (const one of document.querySelectorAll<HTMLElement>("body *")) {
        if (!hasText(one) || !one.checkVisibility() || one.closest("script, noscript, svg, option") !== null) continue;
        const { color, fontSize } = getComputedStyle(one);
        const ground = groundOf(one);
        const ratio = ratioOf(color, ground);
        const least = one.closest("button, label.button") === null ? high : low;
        const words = `${one.tagName} "${one.textContent?.slice(0, 40)}"`;
        if (ground === "a picture" || ratio < (least ?? 0)) faults.push(`${words}: ${color} on ${ground}, ${ratio}`);
        if (Number.parseFloat(fontSize) < (size ?? 0)) faults.push(`${words} is written in ${fontSize}`);
      }
      return faults;
    },
    [CONTRAST, CONTRAST_LEAST, TEXT_PX],
  );

/** Words that are cut off, and a page that is wider than its screen. */
export const textFaults = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const cut = [...document.querySelectorAll<HTMLElement>("button, label, legend, h1, h2, p, span")]
      .filter((one) => one.checkVisibility() && one.clientWidth > 0 && one.scrollWidth > one.clientWidth + 1)
      .map((one) => `${one.tagName} "${one.textContent?.slice(0, 40)}" is cut off`);
    const { scrollWidth, clientWidth } = document.documentElement;
    return scrollWidth > clientWidth ? [...cut, `the page is ${scrollWidth} wide, the screen ${clientWidth}`] : cut;
  });
