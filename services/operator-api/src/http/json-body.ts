import type { FastifyInstance } from 'fastify'

/** JSON as Fastify reads it (refusing `__proto__`), but an empty body with a JSON content type is no body instead of an error. */
export function readJsonBodies(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeContentTypeParser('application/json')
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body.trim() === '') done(null, null)
    else void parse(request, body, done)
  })
}
