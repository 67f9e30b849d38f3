import { onEveryStore } from '../conformance/every-store.js'
import { describeGroups } from '../conformance/group-suite.js'

onEveryStore([describeGroups])
