import { DOMParser } from "@xmldom/xmldom";
import { fail, ok, type Result } from "../base/result.ts";
import { MAX_IMPORT_BYTES, MAX_XML_DEPTH, MAX_XML_NODES } from "../model/limits.ts";
import { shownValue } from "./calibration-row.ts";

export interface XmlFault {
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

/**
 * Parses XML that somebody else wrote: no document type and so no entities of its own, bounded in size, depth and
 * nodes before a tree is built, and whatever the parser only warns of is refused. Fails, never throws.
 */
export function parseXml(text: string): Result<Document, XmlFault> {
  const plain = text.replace(/^\ufeff/, "");
  const fault = faultBeforeParsing(plain);
  if (fault !== undefined) return fail(fault);
  const complaints: string[] = [];
  const complain = (message: unknown): void => void complaints.push(String(message));
  const errorHandler = { warning: complain, error: complain, fatalError: complain };
  let document: Document | undefined;
  try {
    document = new DOMParser({ errorHandler }).parseFromString(plain, "text/xml");
  } catch (error) {
    complain(error instanceof Error ? error.message : error);
  }
  const [complaint] = complaints;
  if (complaint !== undefined) {
    const line = Number(/line:(\d+)/.exec(complaint)?.[1] ?? 1);
    return fail({ line, message: `is no XML: ${complaint.split("\n")[0]?.replace(/^\[xmldom \w+\]\s*/, "")}` });
  }
  const roots = document === undefined ? [] : nodesOf(document).filter(isElement);
  if (document === undefined || roots.length !== 1) return fail({ line: 1, message: "is no XML document of one root" });
  return ok(document);
}

const TAG = /<(\/?)([^\s<>/!?"'=]+)(?:[^<>"']|"[^<"]*"|'[^<']*')*>/y;

/** What is refused unread. One pass over the markup: the parser below it recurses, and would do so as deep as it is told. */
function faultBeforeParsing(text: string): XmlFault | undefined {
  if (text.length > MAX_IMPORT_BYTES) return { line: 1, message: `is longer than ${MAX_IMPORT_BYTES} characters` };
  const open: string[] = [];
  let nodes = 0;
  for (let at = text.indexOf("<"); at >= 0; at = text.indexOf("<", at)) {
    const refuse = (message: string): XmlFault => ({ line: text.slice(0, at).split("\n").length, message });
    if (text[at + 1] !== "/" && ++nodes > MAX_XML_NODES) return refuse(`holds more than ${MAX_XML_NODES} nodes`);
    const skipped = SKIPPED.find(([start]) => text.startsWith(start, at));
    if (skipped !== undefined) {
      const end = text.indexOf(skipped[1], at + skipped[0].length);
      if (end < 0) return refuse(`${skipped[0]} does not end`);
      at = end + skipped[1].length;
      continue;
    }
    if (text.startsWith("<!", at)) return refuse("a document type or an entity is refused");
    TAG.lastIndex = at;
    const tag = TAG.exec(text);
    if (tag === null) return refuse("is no XML: a tag is broken");
    const [whole, slash, name = ""] = tag;
    if (slash === "/") {
      // The parser itself lets an end tag close whatever is open.
      if (open.pop() !== name) return refuse(`is no XML: </${shownValue(name)}> closes nothing of that name`);
    } else {
      if (!whole.endsWith("/>")) open.push(name);
      if (open.length > MAX_XML_DEPTH) return refuse(`is nested deeper than ${MAX_XML_DEPTH}`);
    }
    at = TAG.lastIndex;
  }
  return undefined;
}

const SKIPPED = [
  ["<!--", "-->"],
  ["<![CDATA[", "]]>"],
  ["<?", "?>"],
] as const;

export const nodesOf = (parent: Node): readonly Node[] =>
  Array.from({ length: parent.childNodes.length }, (_, at) => parent.childNodes[at] as Node);

const isElement = (node: Node): node is Element => node.nodeType === 1;

/** Element children in their order; with a name, those of that local name in that name space. */
export function childElements(parent: Node, namespace?: string, name?: string): readonly Element[] {
  const all = nodesOf(parent).filter(isElement);
  if (name === undefined) return all;
  return all.filter((one) => one.localName === name && one.namespaceURI === namespace);
}

/** Every element below, in document order. */
export function elementsBelow(parent: Node, namespace: string, name: string): readonly Element[] {
  return childElements(parent).flatMap((one) => [
    ...(one.localName === name && one.namespaceURI === namespace ? [one] : []),
    ...elementsBelow(one, namespace, name),
  ]);
}

/** The text inside, spaces folded. */
export const textOf = (node: Node | undefined): string => (node?.textContent ?? "").replace(/\s+/g, " ").trim();
