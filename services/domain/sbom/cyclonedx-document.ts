import { z } from 'zod';

/*
 * CycloneDX 1.2 to 1.7 (ECMA-424) in the shape of its JSON form, as far as Plimsoll reads it. Lists whose items are judged one by one,
 * so that one bad item costs no other, are lists of anything here.
 */

const text = z.string().nullish();
const anything = z.array(z.unknown()).nullish();
const named = z.object({ name: text });

const property = z.object({ name: z.string(), value: text });

/** An expression, or a licence by identifier or name. */
const licence = z.object({
  expression: text,
  license: z.object({ id: text, name: text }).nullish(),
});

export const cdxComponent = z.object({
  type: text,
  'bom-ref': text,
  supplier: named.nullish(),
  publisher: text,
  group: text,
  name: z.string(),
  version: text,
  description: text,
  scope: text,
  licenses: z.array(licence).nullish(),
  purl: text,
  properties: z.array(property).nullish(),
  components: anything,
  evidence: z.object({ occurrences: z.array(z.object({ location: text })).nullish() }).nullish(),
});

const tool = z.object({ name: z.string(), version: text });

/** A list up to 1.4, an object from 1.5 on. */
export const cdxTools = z.union([z.array(tool), z.object({ components: z.array(tool).nullish() })]);

export const cdxDependency = z.object({ ref: z.string(), dependsOn: z.array(z.string()).nullish() });

export const cdxComposition = z.object({ aggregate: z.string() });

export const cdxMetadata = z.object({
  tools: z.unknown().optional(),
  component: z.unknown().optional(),
  properties: z.array(property).nullish(),
});

export const cdxBom = z.object({
  specVersion: z.string(),
  metadata: z.unknown().optional(),
  components: anything,
  dependencies: anything,
  compositions: anything,
  properties: z.array(property).nullish(),
});

export type CdxBom = z.infer<typeof cdxBom>;
export type CdxComponent = z.infer<typeof cdxComponent>;
