import { z } from 'zod';
import type { Route } from './route.ts';
import { problem } from './shapes.ts';

/** The OpenAPI 3.1 document of these routes. `sessionCookie`: its name where people can log in. */
export function openApiDocument(routes: readonly Route[], version: string, sessionCookie: string | null): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const each of routes) {
    paths[each.path] ??= {};
    paths[each.path]![each.method.toLowerCase()] = operation(each, sessionCookie !== null);
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Plimsoll', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    paths,
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer' },
        ...(sessionCookie !== null && { session: { type: 'apiKey', in: 'cookie', name: sessionCookie } }),
      },
    },
  };
}

function operation({ summary, role, params, query, body, status, response }: Route, hasSessions: boolean): object {
  const content =
    response === null ? {} : { content: { 'application/json': { schema: schemaOf(response, 'output') } } };
  return {
    summary: role === null ? summary : `${summary} (role: ${role})`,
    ...(role !== null && { security: [{ token: [] }, ...(hasSessions ? [{ session: [] }] : [])] }),
    parameters: [...parameters(params, 'path'), ...parameters(query, 'query')],
    ...(body !== null && {
      requestBody: { required: true, content: { 'application/json': { schema: schemaOf(body, 'input') } } },
    }),
    responses: {
      [status]: { description: 'As asked', ...content },
      default: {
        description: 'A problem',
        content: { 'application/problem+json': { schema: schemaOf(problem, 'output') } },
      },
    },
  };
}

function parameters(shape: z.ZodObject, where: 'path' | 'query'): object[] {
  const { properties = {}, required = [] } = schemaOf(shape, 'input');
  return Object.entries(properties).map(([name, schema]) => {
    return { name, in: where, required: where === 'path' || required.includes(name), schema };
  });
}

function schemaOf(type: z.ZodType, io: 'input' | 'output'): z.core.JSONSchema.JSONSchema {
  const { $schema: _, ...schema } = z.toJSONSchema(type, { io, reused: 'inline' });
  return schema;
}
