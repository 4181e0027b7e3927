/** A JSON Schema of the 2020-12 dialect, as OpenAPI 3.1 takes it. */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
}

/** One schema for each member of T: where a member is added to T, tsc asks for its schema. */
export type MemberSchemas<T> = { readonly [member in keyof Required<T>]: JsonSchema };

export const refTo = (name: string): JsonSchema => ({ $ref: `#/components/schemas/${name}` });

export const textSchema = (description?: string, more: JsonSchema = {}): JsonSchema => ({
  ...{ type: "string", ...more },
  ...(description === undefined ? {} : { description }),
});

export const wordSchema = (words: readonly string[], description?: string): JsonSchema =>
  textSchema(description, { enum: words });

export const flagSchema = (description?: string): JsonSchema =>
  description === undefined ? { type: "boolean" } : { type: "boolean", description };

export const countSchema = (description?: string, more: JsonSchema = {}): JsonSchema => ({
  ...{ type: "integer", minimum: 0, ...more },
  ...(description === undefined ? {} : { description }),
});

export const listSchema = (items: JsonSchema, description?: string): JsonSchema =>
  description === undefined ? { type: "array", items } : { type: "array", items, description };

export const mapSchema = (values: JsonSchema, description?: string): JsonSchema => ({
  ...{ type: "object", additionalProperties: values },
  ...(description === undefined ? {} : { description }),
});

export const orNull = (schema: JsonSchema): JsonSchema => ({ anyOf: [schema, { type: "null" }] });

/** RFC 3339 with an offset, or Z. */
export const instantSchema = (description?: string): JsonSchema => textSchema(description, { format: "date-time" });

/** An object with exactly these members, all of them there. */
export const objectSchema = <T>(members: MemberSchemas<T>, description?: string): JsonSchema => ({
  ...(description === undefined ? {} : { description }),
  ...{ type: "object", properties: members, required: Object.keys(members) },
});

/** What a caller sends: the agent refuses any other member. */
export const bodySchema = (
  required: { readonly [member: string]: JsonSchema },
  optional: { readonly [member: string]: JsonSchema },
  description?: string,
): JsonSchema => ({
  ...(description === undefined ? {} : { description }),
  type: "object",
  properties: { ...required, ...optional },
  ...(Object.keys(required).length === 0 ? {} : { required: Object.keys(required) }),
  additionalProperties: false,
});
