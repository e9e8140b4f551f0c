// <image-compare>: two images side by side, one wiped over the other, or their difference (black is equal).
import { h } from "./dom.js";

class ImageCompare extends HTMLElement {
  connectedCallback() {
    for (const image of this.querySelectorAll("img")) {
      if (image.complete) this.#facts(image);
      else image.addEventListener("load", () => this.#facts(image), { once: true });
      image.addEventListener("error", () => this.#broken(image), { once: true });
    }
    this.addEventListener("click", (event) => {
      const button = event.target.closest("[data-mode]");
      if (button) this.#mode(button.dataset.mode);
    });
    this.querySelector("input[type=range]")?.addEventListener("input", () => this.#swipe());
  }

  // Some kinds do not say their size plainly: the browser knows it once it has the image.
  #facts(image) {
    const facts = image.closest("figure").querySelector("[data-facts]");
    if (image.naturalWidth && !facts.textContent.includes("×")) {
      facts.textContent += `, ${image.naturalWidth.toLocaleString("en")} × ${image.naturalHeight.toLocaleString("en")}`;
    }
  }

  #broken(image) {
    image.replaceWith(h("p.label", null, "The browser cannot read this image."));
  }

  #mode(mode) {
    for (const button of this.querySelectorAll("[data-mode]")) button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
    this.stack?.remove();
    this.stack = null;
    this.querySelector(".images-pair").hidden = mode !== "sides";
    this.querySelector(".swipe-by").hidden = mode !== "swipe";
    this.querySelector("[data-says]").textContent = "";
    if (mode === "sides") return;
    const [left, right] = [...this.querySelectorAll(".images-pair img")];
    if (!left?.naturalWidth || !right?.naturalWidth) return;
    this.#stack(mode, left, right);
    if (mode === "difference") this.querySelector("[data-says]").textContent = differenceSay(left, right);
    this.#swipe();
  }

  #stack(mode, left, right) {
    const wide = Math.max(left.naturalWidth, right.naturalWidth);
    const high = Math.max(left.naturalHeight, right.naturalHeight);
    const layer = (image, classes) => {
      const copy = h(`img${classes}`, { src: image.src, alt: image.alt });
      copy.style.width = `${(100 * image.naturalWidth) / wide}%`;
      return copy;
    };
    const box = h("div", null, layer(left, ""), layer(right, ".over"), mode === "swipe" && h("i.line"));
    box.style.setProperty("--wide", `${wide}px`);
    box.style.setProperty("--ratio", `${wide} / ${high}`);
    this.stack = h(`div.images-stack.${mode}`, null, box);
    this.append(this.stack);
  }

  #swipe() {
    this.stack?.firstChild.style.setProperty("--at", `${this.querySelector("input[type=range]").value}%`);
  }
}

const PIXELS_MAX = 4_000_000;

function differenceSay(left, right) {
  const [width, height] = [left.naturalWidth, left.naturalHeight];
  if (width !== right.naturalWidth || height !== right.naturalHeight) return "They have different sizes";
  if (width * height > PIXELS_MAX) return "Black is equal";
  const [a, b] = [pixels(left, width, height), pixels(right, width, height)];
  let differ = 0;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) differ += 1;
  if (!differ) return "Every pixel is equal";
  const share = (100 * differ) / a.length;
  return `Black is equal: ${share < 0.1 ? "less than 0.1" : share.toFixed(1)} % of the pixels differ`;
}

function pixels(image, width, height) {
  const canvas = h("canvas", { width, height });
  const pen = canvas.getContext("2d");
  pen.drawImage(image, 0, 0);
  return new Uint32Array(pen.getImageData(0, 0, width, height).data.buffer);
}

if (!customElements.get("image-compare")) customElements.define("image-compare", ImageCompare);
