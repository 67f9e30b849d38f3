import fastifySwagger from '@fastify/swagger'
import fastifySwaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod'

const DESCRIPTION = `REST of the Zhuzhan master station. Log in at \`POST /api/v1/auth/login\` and send the token as \`Authorization: Bearer …\`.

Lists answer \`{items, nextCursor}\`; \`cursor=\` continues. Errors answer \`{code, message, requestId, details?}\`.
Commands answer 202: how they end is read at \`GET /api/v1/commands/{id}\` or in the live feed.`

type Transformed = ReturnType<typeof jsonSchemaTransformObject>

/** The generator writes every named schema twice, as input and as output; most are only ever answered. */
function withoutUnused(document: Transformed): Transformed {
  const schemas = (document as { components?: { schemas?: Record<string, unknown> } }).components?.schemas ?? {}
  // What only an unused schema named is unused once that is gone.
  for (let left = Infinity; left > Object.keys(schemas).length;) {
    left = Object.keys(schemas).length
    const text = JSON.stringify(document)
    for (const name of Object.keys(schemas)) if (!text.includes(`"#/components/schemas/${name}"`)) delete schemas[name]
  }
  return document
}

/** OpenAPI 3.1 at /openapi.json, made from the same zod schemas that check every request; pages for people at /docs. */
export async function documentApi(app: FastifyInstance, version: string): Promise<void> {
  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Zhuzhan operator API', version, description: DESCRIPTION, license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' } },
      servers: [{ url: '/' }],
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } },
    },
    transform: jsonSchemaTransform,
    transformObject: (document) => withoutUnused(jsonSchemaTransformObject(document)),
  })
  await app.register(fastifySwaggerUi, { routePrefix: '/docs', staticCSP: true, uiConfig: { docExpansion: 'list', deepLinking: true } })
  app.get('/openapi.json', { schema: { hide: true } }, async (_request, reply) => reply.send(app.swagger()))
}
