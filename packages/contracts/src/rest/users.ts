import { z } from 'zod'

/**
 * viewer reads; operator also keeps the registry. The other three are duties of their own, held besides or without them:
 * dispatcher asks for control commands, approver decides on them, admin keeps the users.
 */
export const ROLES = ['viewer', 'operator', 'dispatcher', 'approver', 'admin'] as const
export const Role = z.enum(ROLES)
export type Role = z.infer<typeof Role>

export const PASSWORD_MIN_LENGTH = 8
const Username = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/, 'letters, digits and . _ @ -, at most 64, beginning with a letter or digit')
const NewPassword = z.string().min(PASSWORD_MIN_LENGTH).max(256)
const Roles = z.array(Role).min(1).max(ROLES.length).refine((roles) => new Set(roles).size === roles.length, 'a role stands there twice')

export const LoginBody = z.strictObject({ username: z.string().min(1).max(128), password: z.string().min(1).max(1_024) })
export const LoginAnswer = z.object({
  token: z.string().describe('Send it as `Authorization: Bearer …`'),
  expiresAt: z.string(),
  username: z.string(),
  roles: z.array(Role),
})

const Person = z.string().regex(/^[0-9A-F]{16}$/, '8 bytes in upper-case hex')
export const NewUserBody = z.strictObject({
  username: Username, password: NewPassword, roles: Roles,
  person: Person.optional().describe('Who this is in the crypto machine. A laboratory enters a new person with a key under the password'),
})
export const UserPatchBody = z.strictObject({ roles: Roles.optional(), disabled: z.boolean().optional(), password: NewPassword.optional(), person: Person.optional() })
  .refine((patch) => Object.keys(patch).length > 0, 'nothing to change')
export const OwnPasswordBody = z.strictObject({ current: z.string().min(1).max(1_024), next: NewPassword })

export const UserAnswer = z.object({
  id: z.string(),
  username: z.string(),
  roles: z.array(Role),
  disabled: z.boolean(),
  person: z.string().nullable().describe('Who this is in the crypto machine; null: nobody who signs tickets'),
  createdAt: z.string(),
}).meta({ id: 'User' })
export type UserAnswer = z.infer<typeof UserAnswer>

/** Who is asking, and what he may do. */
export const MeAnswer = z.object({ username: z.string(), roles: z.array(Role), rights: z.array(z.string()) })
