type Child = Node | string;
type Attributes = Record<string, string | boolean>;

/** An element with attributes and children. Strings become text nodes: data never becomes markup. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

/** A term and what it is, for a `dl`. */
export const fact = (label: string, text: string): HTMLElement =>
  el("div", {}, el("dt", {}, label), el("dd", {}, text));

/** Writes text only when it changed, so that a reader's text selection survives a refresh. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** A part of the page that is built again only when what it shows has changed. */
export class Section {
  readonly element: HTMLElement;
  private shown = "";

  constructor(className: string) {
    this.element = el("section", { class: className });
  }

  show(content: unknown, build: () => Child[]): void {
    const key = JSON.stringify(content);
    if (key === this.shown) return;
    this.shown = key;
    this.element.replaceChildren(...build());
  }
}
