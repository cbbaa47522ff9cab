/**
 * Records as the first version wrote them. Never change what stands here: such bytes lie in Kafka and in outboxes, and
 * today's codecs have to read them. Fields that came later show their defaults.
 */

export const prediction = {
  bytes:
    'c301703ae09086fff8c2225756575a5a5a314a5a33573338363735328280808080808010180680a0d5edee66f6' +
    'c1e0c8bf68000c656467652d3106722d370000403f020224636f6f6c616e7454656d7065726174757265020a50' +
    '30323137020012',
  value: {
    vin: 'WVWZZZ1JZ3W386752',
    session: 4503599627370497,
    seq: 12,
    reading: 3,
    simTime: 1767225600000,
    at: 1795238400123,
    scoredBy: 'edge',
    edge: 'edge-1',
    release: 'r-7',
    score: 0.75,
    alarm: 'raised',
    signal: 'coolantTemperature',
    dtc: 'P0217',
    cause: 'engine',
    predictionSeq: 9,
  },
};

export const truth = {
  bytes:
    'c3012a5b8a56f2ce0072225756575a5a5a314a5a335733383637353218636f6f6c616e742d6c6f7373020a5030' +
    '323137000000003f80a0d5edee6602c0c9dcedee6600f6c1e0c8bf6802d69fe1c8bf6800',
  value: {
    vin: 'WVWZZZ1JZ3W386752',
    failure: 'coolant-loss',
    dtc: 'P0217',
    kind: 'engine',
    severity: 0.5,
    onsetSim: 1767225600000,
    detectableAtSim: 1767225660000,
    failureAtSim: null,
    onset: 1795238400123,
    detectableAt: 1795238406123,
    failureAt: null,
  },
};

export const edgeState = {
  bytes:
    'c3018180504f04c4f4260c656467652d3104010206722d370000f4030880400000000000002940000000000000' +
    'd03f021e6261642d63726564656e7469616c730400f6c1e0c8bf68',
  value: {
    edge: 'edge-1',
    connection: 2,
    online: true,
    running: 'r-7',
    previous: null,
    shadow: null,
    cars: 250,
    outboxFrames: 4,
    outboxBytes: 4096,
    inferenceP99Us: 12.5,
    alarmsPerSecond: 0.25,
    refusals: { 'bad-credentials': 2 },
    at: 1795238400123,
  },
};

export const deadLetter = {
  bytes:
    'c30155c91216b112f2550c656467652d31106261642d6a736f6e1a697420656e6473206561726c794876656869' +
    '636c65732f5756575a5a5a314a5a33573338363735322f74656c656d65747279225756575a5a5a314a5a335733' +
    '38363735320e7b2276696e223af6c1e0c8bf68',
  value: {
    source: 'edge-1',
    reason: 'bad-json',
    detail: 'it ends early',
    topic: 'vehicles/WVWZZZ1JZ3W386752/telemetry',
    key: 'WVWZZZ1JZ3W386752',
    bytes: Buffer.from('{"vin":'),
    at: 1795238400123,
  },
};

export const framePosition = {
  bytes: 'c3012381fec8ba23ccc5203030633066666565303063306666656552',
  value: { epoch: '00c0ffee00c0ffee', number: 41, earlier: [] },
};

export const ledgerMarks = {
  bytes:
    'c3012b2dad7e1c6328611a73696d756c61746f722d312f3002f6c1e0c8bf6802225756575a5a5a314a5a335733' +
    '3836373532828080808080801018160000',
  value: {
    shard: 'simulator-1/0',
    qos: 1,
    at: 1795238400123,
    marks: [{ vin: 'WVWZZZ1JZ3W386752', session: 4503599627370497, sent: 12, acked: 11, dropped: 0 }],
  },
};

export const eviction = {
  bytes:
    'c30116b5c1f0eb33fd940c656467652d31f6c1e0c8bf68203030633066666565303063306666656506520e0202' +
    '225756575a5a5a314a5a3357333836373532828080808080801018d80400',
  value: {
    edge: 'edge-1',
    at: 1795238400123,
    epoch: '00c0ffee00c0ffee',
    firstFrame: 3,
    lastFrame: 41,
    predictions: 7,
    unnamed: 1,
    ranges: [{ vin: 'WVWZZZ1JZ3W386752', session: 4503599627370497, fromSeq: 12, toSeq: 300 }],
  },
};

export const telemetry = {
  bytes:
    'c301bf65776abed962ce225756575a5a5a314a5a3357333836373532828080808080801018f6c1e0c8bf6880a0' +
    'd5edee66d00f04000000000000003f00040000803f0000c03f0004000000400000204000040000404000006040' +
    '0004000080400000904000040000a0400000b04000040000c0400000d04000040000e0400000f0400004000000' +
    '410000084100040000104100001841000400002041000028410004000030410000384100040000404100004841' +
    '000400005041000058410004000060410000684100040000704100007841000400008041000084410004000088' +
    '4100008c41000400009041000094410004000098410000c07f00',
  value: {
    vin: 'WVWZZZ1JZ3W386752',
    session: 4503599627370497,
    seq: 12,
    scheduledAt: 1795238400123,
    simTime: 1767225600000,
    intervalMs: 1000,
  },
};
