import { withRedis } from '@zhuzhan/testing'
import { stationSuite } from './station-suite.js'

const redis = withRedis()

if (redis) stationSuite('Redis queues', () => ({ REDIS_URL: redis.url }))
else test('on Redis: not run, there is no server here', () => expect(redis).toBeUndefined())
